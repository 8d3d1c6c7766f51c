package config

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"relink/platform"
)

const (
	// logSize and logBackups limit the log: 5 MB a file, three old ones.
	logSize    = 5
	logBackups = 3
)

// Log opens the log file, which is rotated and for the user alone. What is of
// type [platform.Secret] is written as "[secret]" wherever it stands. Close the
// closer when done.
func Log(path string, level slog.Leveler) (*slog.Logger, io.Closer, error) {
	fail := func(err error) (*slog.Logger, io.Closer, error) {
		return nil, nil, &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot write the log %s: %s", path, reason(err)), Repair: platform.T("make it writable for you"), Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	// Made here, so that it is 0600 whatever lumberjack's default, and so that
	// what cannot be written is known now: a logger's errors go nowhere.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(err)
	}
	err = f.Chmod(0o600)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fail(err)
	}
	w := &lumberjack.Logger{Filename: path, MaxSize: logSize, MaxBackups: logBackups}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), w, nil
}
