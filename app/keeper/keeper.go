// Package keeper reads tokens that other programs keep: in a file of variables,
// a JSON file, or the system's keyring. It sees when such a file changes
// without looking at it again and again, and never writes to any of them.
package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"relink/platform"
)

// maxFile is the most a file that holds a token may be: 1 MB.
const maxFile = 1 << 20

// Keyring reads an item of the system's keyring.
type Keyring interface {
	Get(ctx context.Context, service, user string) (string, error)
}

// Read gives the token as its keeper has it now. Errors are *platform.Error of
// KindRetry: that a file cannot be read says nothing about the token in it.
func Read(ctx context.Context, ring Keyring, k platform.Keeper) (platform.Kept, error) {
	var kept platform.Kept
	var err error
	if k.Kind == platform.KeeperKeyring {
		kept, err = fromKeyring(ctx, ring, k)
	} else {
		kept, err = fromFile(k)
	}
	if err != nil {
		return platform.Kept{}, err
	}
	if kept.Access.IsZero() || strings.ContainsAny(kept.Access.Reveal(), " \t\r\n") {
		return platform.Kept{}, trouble(k, platform.T("there is no token in %s", k.String()), platform.T("let the program that keeps it write it again"), nil)
	}
	return kept, nil
}

func trouble(k platform.Keeper, message, repair string, err error) *platform.Error {
	return &platform.Error{Kind: platform.KindRetry, Code: "keeper", Message: message, Repair: repair, Err: err}
}

func fromKeyring(ctx context.Context, ring Keyring, k platform.Keeper) (platform.Kept, error) {
	if ring == nil {
		return platform.Kept{}, trouble(k, platform.T("there is no keyring to read %s from", k.String()), platform.T("see what works here: relink doctor"), nil)
	}
	text, err := ring.Get(ctx, k.Path, k.Key)
	if err != nil {
		return platform.Kept{}, trouble(k, platform.T("the keyring does not give the item %s of %s", k.Path, k.Key), platform.T("unlock the keyring, or store the token there again"), err)
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		return fromJSON(k, []byte(text), "")
	}
	return platform.Kept{Access: platform.NewSecret(text)}, nil
}

func fromFile(k platform.Keeper) (platform.Kept, error) {
	raw, err := slurp(k.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return platform.Kept{}, trouble(k, platform.T("the file %s is not there", k.Path), platform.T("let the program that keeps the token write it again"), err)
	case err != nil:
		return platform.Kept{}, trouble(k, platform.T("the file %s cannot be read", k.Path), platform.T("check its permissions"), err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return platform.Kept{}, trouble(k, platform.T("the file %s is empty", k.Path), platform.T("let the program that keeps the token write it again"), nil)
	}
	if k.Kind == platform.KeeperJSON {
		return fromJSON(k, raw, k.Key)
	}
	value, ok := variable(raw, k.Key)
	if !ok {
		return platform.Kept{}, trouble(k, platform.T("there is no %s in %s", k.Key, k.Path), platform.T("let the program that keeps the token write it again"), nil)
	}
	return platform.Kept{Access: platform.NewSecret(value)}, nil
}

func slurp(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("not a file"))
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = errors.New("larger than 1 MB")
	}
	return raw, err
}

// variable finds NAME=value: the last one holds; "export" may stand before it,
// quotes and a comment behind it are taken off.
func variable(raw []byte, name string) (value string, found bool) {
	for line := range bytes.Lines(raw) {
		s := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(line)), "export "))
		key, v, ok := strings.Cut(s, "=")
		if !ok || strings.TrimSpace(key) != name {
			continue
		}
		v = strings.TrimSpace(v)
		switch {
		case strings.HasPrefix(v, `"`):
			if quoted, err := strconv.QuotedPrefix(v); err == nil {
				v, _ = strconv.Unquote(quoted)
			}
		case strings.HasPrefix(v, "'"):
			v, _, _ = strings.Cut(v[1:], "'")
		default:
			v, _, _ = strings.Cut(v, " #")
			v = strings.TrimSpace(v)
		}
		value, found = v, true
	}
	return value, found
}

// fromJSON takes what a pointer leads to: a token, or an object that holds one
// with its end, as programs that use OAuth write it.
func fromJSON(k platform.Keeper, raw []byte, pointer string) (platform.Kept, error) {
	var doc any
	if json.Unmarshal(raw, &doc) != nil {
		// What is wrong with it may quote the token.
		return platform.Kept{}, trouble(k, platform.T("%s is not JSON", k.String()), platform.T("let the program that keeps the token write it again"), nil)
	}
	at, err := follow(doc, pointer)
	if err != nil {
		return platform.Kept{}, trouble(k, platform.T("there is nothing at %s in %s", pointer, k.Path), platform.T("correct the pointer"), err)
	}
	switch v := at.(type) {
	case string:
		return platform.Kept{Access: platform.NewSecret(strings.TrimSpace(v))}, nil
	case map[string]any:
		var kept platform.Kept
		for _, name := range []string{"access_token", "accessToken", "token"} {
			if s, ok := v[name].(string); ok && s != "" {
				kept.Access = platform.NewSecret(strings.TrimSpace(s))
				break
			}
		}
		// x/oauth2 writes "expiry", Google's and Meta's libraries the others.
		for _, name := range []string{"expires_at", "expiry", "expiresAt", "expiration"} {
			if at, ok := platform.Moment(v[name]); ok {
				kept.ExpiresAt = at
				break
			}
		}
		return kept, nil
	}
	return platform.Kept{}, trouble(k, platform.T("there is no token at %s in %s", pointer, k.Path), platform.T("correct the pointer"), nil)
}

// follow walks a JSON Pointer (RFC 6901).
func follow(doc any, pointer string) (any, error) {
	if pointer == "" {
		return doc, nil
	}
	for _, part := range strings.Split(pointer[1:], "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch v := doc.(type) {
		case map[string]any:
			next, ok := v[part]
			if !ok {
				return nil, fmt.Errorf("no member %q", part)
			}
			doc = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil, fmt.Errorf("no element %q", part)
			}
			doc = v[i]
		default:
			return nil, fmt.Errorf("nothing below %q", part)
		}
	}
	return doc, nil
}
