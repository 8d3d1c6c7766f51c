package vault

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"relink/platform"
)

// ErrConflict is in the chain when a generation to be saved does not follow
// the newest one: somebody else has saved meanwhile, read it again.
var ErrConflict = errors.New("not the next generation")

var errBusy = errors.New("another program is moving it")

func orBusy(err error) error {
	if err == nil {
		return errBusy
	}
	return err
}

// storage says what an error of disk or file means for the person. Errors that
// already say so pass, and so does the end of a context.
func storage(doing string, err error) error {
	var own *platform.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	e := &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot %s: %s", doing, err.Error()), Repair: platform.T("mend that and try again; nothing was changed"), Err: err}
	switch code := primary(err); {
	case code == sqlite3.SQLITE_FULL, errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Code, e.Message, e.Repair = "full", platform.T("cannot %s: the disk is full", doing), platform.T("free some space and try again; nothing was changed")
	case code == sqlite3.SQLITE_READONLY, errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission),
		code == sqlite3.SQLITE_PERM, code == sqlite3.SQLITE_CANTOPEN:
		e.Code, e.Message, e.Repair = "read_only", platform.T("cannot %s: its files cannot be written", doing), platform.T("make them writable for you and try again; nothing was changed")
	case damaged(err):
		e.Code, e.Message, e.Repair = "damaged", platform.T("cannot %s: the file is damaged", doing), platform.T("start Relink again (relink quit, then relink): it sets the file aside and begins a new one")
	case code == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_LOCKED, errors.Is(err, errBusy):
		e.Code, e.Message, e.Repair = "busy", platform.T("cannot %s: another program keeps it busy", doing), platform.T("end that program and try again; nothing was changed")
	case code == sqlite3.SQLITE_IOERR:
		e.Code, e.Message, e.Repair = "io", platform.T("cannot %s: the disk reports an error", doing), platform.T("check the disk and its free space, then try again; nothing was changed")
	}
	return e
}

// primary is SQLite's own code without its detail, 0 for other errors.
func primary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func damaged(err error) bool {
	c := primary(err)
	return c == sqlite3.SQLITE_CORRUPT || c == sqlite3.SQLITE_NOTADB
}

func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
