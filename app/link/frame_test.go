package link

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"relink/app/agent"
	"relink/platform"
)

// fill sets all that a value holds to something that is not zero; the n-th differs from the others.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Nanosecond)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprintf("<%d> \"ä\u2028\\", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	}
}

// TestFramesAreTheAPIsJSON: a stream is written and read by another package than
// the rest of the API, and nobody is to see that.
func TestFramesAreTheAPIsJSON(t *testing.T) {
	full := frame{Rows: []*agent.Row{{}, {}}, Removed: []string{"a", "b"}}
	n := 0
	fill(reflect.ValueOf(&full.Head).Elem(), &n)
	fill(reflect.ValueOf(full.Rows[0]).Elem(), &n)
	if n < 100 {
		t.Fatalf("only %d values were set", n)
	}
	for name, f := range map[string]frame{"full": full, "empty": {}} {
		var out bytes.Buffer
		if err := f.write(&out); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(plain)+"\n" {
			t.Errorf("%s: written\n%s\nas the rest of the API it would be\n%s", name, out.Bytes(), plain)
		}
		for _, text := range []string{out.String(), string(plain), strings.Replace(string(plain), "{", `{"later":{"x":[1]},`, 1)} {
			back, err := read(jsontext.NewDecoder(strings.NewReader(text), dialect))
			if err != nil {
				t.Fatal(err)
			}
			var as frame
			if err := json.Unmarshal(plain, &as); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, as) {
				t.Errorf("%s: read\n%+v\nas the rest of the API\n%+v", name, back, as)
			}
		}
	}
}

// TestFrameWithANameThatIsNotUTF8: one such name must not keep a window from all accounts.
func TestFrameWithANameThatIsNotUTF8(t *testing.T) {
	f := frame{Rows: []*agent.Row{{Account: platform.Account{ID: "a", Name: "Caf\xe9"}}}}
	var out bytes.Buffer
	if err := f.write(&out); err != nil {
		t.Fatal(err)
	}
	back, err := read(jsontext.NewDecoder(&out, dialect))
	if err != nil || back.Rows[0].Account.Name != "Caf\ufffd" {
		t.Errorf("read %+v, %v", back.Rows, err)
	}
}

// TestFrameThatIsNone: what is no frame is no accounts.
func TestFrameThatIsNone(t *testing.T) {
	for _, text := range []string{"", "[]", "null", `{"rows":{}}`, `{"rows":[{}`, `{"rows":[7]}`, `{"head":[]}`, `{"removed":"a"}`, `{"head":{}`} {
		if f, err := read(jsontext.NewDecoder(strings.NewReader(text), dialect)); err == nil {
			t.Errorf("%q is read as %+v", text, f)
		}
	}
}
