package platform

import (
	"encoding/base64"
	"strings"
	"testing"
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
