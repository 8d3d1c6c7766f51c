package platform

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseKeeper(t *testing.T) {
	for _, bad := range []string{"", "env", "env:", "env:/a", "env:relative#A", "json:relative", "json:/a#b", "keyring:a", "keyring:/b", "keyring:a/", "file:/a#b"} {
		k, err := ParseKeeper(bad)
		if KindOf(err) != KindUsage || !k.IsZero() || !strings.Contains(err.Error(), "write it like") {
			t.Errorf("ParseKeeper(%q) = %+v, %v", bad, k, err)
		}
	}
	k, err := ParseKeeper("env:/a/../b/.env#T")
	if err != nil || k.Path != "/b/.env" {
		t.Errorf("got %+v, %v", k, err)
	}
}

func TestMoment(t *testing.T) {
	want := time.Unix(1798765432, 0)
	for _, v := range []any{int64(1798765432), 1798765432.0, 1798765432000.0, int64(1798765432000), "1798765432", "1798765432000", want.Format(time.RFC3339)} {
		if at, ok := Moment(v); !ok || !at.Equal(want) {
			t.Errorf("Moment(%T %v) = %v, %v", v, v, at, ok)
		}
	}
	for _, none := range []any{nil, "", "soon", 0.0, int64(-1), 60.0, 1e300, math.NaN(), math.Inf(1), int64(math.MaxInt64), "9999-12-31T23:59:59-12:00", true} {
		if at, ok := Moment(none); ok || !at.IsZero() {
			t.Errorf("Moment(%v) = %v", none, at)
		}
	}
}

// An answer in milliseconds where the page says seconds must not put an end into
// the year 62178: JSON holds none, and so neither would a snapshot of all accounts.
func TestEndsThatNoCalendarHolds(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		told int64
		want time.Time // zero is nothing told
	}{
		{now.Add(60 * day).Unix(), now.Add(60 * day)},
		{now.Add(60 * day).UnixMilli(), now.Add(60 * day)},
		{now.Add(60 * day).UnixMicro(), time.Time{}},
		{math.MaxInt64, time.Time{}},
	} {
		net, _ := answering(t, func(r *http.Request) any {
			if strings.HasSuffix(r.URL.Path, "/introspectToken") {
				return object{"active": true, "created_at": c.told, "expires_at": c.told}
			}
			return object{"data": object{"is_valid": true, "issued_at": c.told, "expires_at": c.told, "data_access_expires_at": c.told}}
		})
		for _, p := range []*Platform{linkedin, facebook, threads} {
			e, err := p.Discover(t.Context(), net, "")
			if err != nil {
				t.Fatal(err)
			}
			v, err := p.Verify(t.Context(), Call{Net: net, App: App{ID: "app", Secret: NewSecret("s")}, Endpoint: e, Tokens: Tokens{Access: NewSecret("tok")}, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if c.want.IsZero() && len(v.Clocks) > 0 || !c.want.IsZero() && len(v.Clocks) == 0 {
				t.Errorf("%s, told %d: %+v", p.ID, c.told, v.Clocks)
			}
			for _, clock := range v.Clocks {
				if !clock.At.Equal(c.want) {
					t.Errorf("%s, told %d: %+v", p.ID, c.told, clock)
				}
			}
			if _, err := json.Marshal(v.Clocks); err != nil {
				t.Errorf("%s, told %d: %v", p.ID, c.told, err)
			}
		}
	}
}

func TestWrittenEnd(t *testing.T) {
	jwt := func(claims string) Secret {
		return NewSecret("e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln")
	}
	if at := WrittenEnd(jwt(`{"exp":1798765432}`)); at.Unix() != 1798765432 {
		t.Errorf("got %v", at)
	}
	for _, none := range []Secret{{}, NewSecret("opaque"), NewSecret("a.b.c"), jwt(`{}`), jwt(`{"exp":"soon"}`), jwt(`{"exp":1e300}`), jwt(`{"exp":-5}`)} {
		if at := WrittenEnd(none); !at.IsZero() {
			t.Errorf("an end of %v out of nothing", at)
		}
	}
	if a, b := Fingerprint(NewSecret("tok-1")), Fingerprint(NewSecret("tok-2")); a == b || strings.Contains(a, "tok") {
		t.Errorf("fingerprints %q and %q", a, b)
	}
}
