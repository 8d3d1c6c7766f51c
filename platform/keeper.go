package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// KeeperKind is the kind of place where another program keeps a token.
type KeeperKind string

// The kinds of keeper.
const (
	// KeeperEnv is a file of lines NAME=value, as shells and .env readers take it.
	KeeperEnv KeeperKind = "env"
	// KeeperJSON is a JSON file.
	KeeperJSON KeeperKind = "json"
	// KeeperKeyring is an item of the system's keyring.
	KeeperKeyring KeeperKind = "keyring"
)

// Keeper names where another program keeps an account's token. Relink reads
// it there when it is needed, and never copies, renews or changes it. The zero
// value means that Relink's own vault keeps it.
type Keeper struct {
	Kind KeeperKind `json:"kind,omitempty"`
	// Path of the file, absolute; for a keyring item, its service.
	Path string `json:"path,omitempty"`
	// Key is the variable's name, a JSON Pointer (RFC 6901, "" for the whole
	// document), or the keyring item's user.
	Key string `json:"key,omitempty"`
	// Seen is the fingerprint of the token that was last looked at, to see
	// that it was replaced.
	Seen string `json:"seen,omitempty"`
}

// IsZero reports whether Relink's vault keeps the token.
func (k Keeper) IsZero() bool { return k.Kind == "" }

// String writes the keeper as [ParseKeeper] reads it.
func (k Keeper) String() string {
	switch k.Kind {
	case KeeperKeyring:
		return "keyring:" + k.Path + "/" + k.Key
	case "":
		return ""
	}
	s := string(k.Kind) + ":" + k.Path
	if k.Key != "" {
		s += "#" + k.Key
	}
	return s
}

// ParseKeeper reads "env:PATH#NAME", "json:PATH#/pointer" (the pointer may be
// left out) and "keyring:SERVICE/USER". Paths must be absolute. Errors are *[Error] of KindUsage.
func ParseKeeper(s string) (Keeper, error) {
	bad := func(message string) (Keeper, error) {
		return Keeper{}, &Error{Kind: KindUsage, Message: message, Repair: T("write it like env:/home/me/.env#TOKEN, json:/home/me/token.json#/access_token or keyring:service/user")}
	}
	kind, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" {
		return bad(T("%q does not say where a token is kept", s))
	}
	k := Keeper{Kind: KeeperKind(kind)}
	switch k.Kind {
	case KeeperKeyring:
		k.Path, k.Key, ok = strings.Cut(rest, "/")
		if !ok || k.Path == "" || k.Key == "" {
			return bad(T("a keyring item needs its service and its user"))
		}
		return k, nil
	case KeeperEnv, KeeperJSON:
		k.Path, k.Key, _ = strings.Cut(rest, "#")
	default:
		return bad(T("%q is no kind of place for a token", kind))
	}
	switch {
	case !filepath.IsAbs(k.Path):
		return bad(T("%q is not a whole path", k.Path))
	case k.Kind == KeeperEnv && k.Key == "":
		return bad(T("the name of the variable is missing"))
	case k.Kind == KeeperJSON && k.Key != "" && !strings.HasPrefix(k.Key, "/"):
		return bad(T("%q is not a JSON Pointer; it begins with a slash", k.Key))
	}
	k.Path = filepath.Clean(k.Path)
	return k, nil
}

// Kept is a token as its keeper has it.
type Kept struct {
	Access Secret
	// ExpiresAt as the keeper says; zero when it does not.
	ExpiresAt time.Time
}

// Fingerprint tells tokens apart without showing them. Tokens are long and
// random, so a part of a hash gives nothing away.
func Fingerprint(s Secret) string {
	sum := sha256.Sum256([]byte("relink keeper\x00" + s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Moment reads a time as programs write it beside a token: RFC 3339, or seconds
// or milliseconds since 1970, as a number or in text; false when it is none or
// beyond the year 5138, which no JSON would hold long after.
func Moment(v any) (time.Time, bool) {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil && at.Year() > 1970 && at.Year() < 5138 {
			return at.UTC(), true
		}
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return Moment(n)
		}
	case int64:
		return Moment(float64(v))
	case float64:
		switch {
		case v > 1e11 && v < 1e14:
			return time.UnixMilli(int64(v)).UTC(), true
		case v > 1e8 && v < 1e11:
			return time.Unix(int64(v), 0).UTC(), true
		}
	}
	return time.Time{}, false
}

// WrittenEnd is the end that a token in the form of a JWT (RFC 7519) says of
// itself; zero when it is none or says nothing. It is a hint: nothing is checked.
func WrittenEnd(s Secret) time.Time {
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if !jwtPayload(s.Reveal(), &claims) {
		return time.Time{}
	}
	end, _ := Moment(claims.Expires)
	return end
}
