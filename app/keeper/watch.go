package keeper

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"relink/platform"
)

// calm is how long a file must be left alone before it counts as changed:
// programs write in several steps.
const calm = 200 * time.Millisecond

// Watcher reads keepers and says when a file of one was changed. It costs
// nothing while there is no file to watch. Its methods are safe for concurrent use.
type Watcher struct {
	ring    Keyring
	changed func(path string)

	mu sync.Mutex // guards what follows
	// fs is nil while there is nothing to watch.
	fs *fsnotify.Watcher
	// dirs are the directories watched: a file that is replaced is another file.
	dirs map[string]bool
	// files are the paths whose events count, and the keeper's path each stands
	// for: what a link leads to stands for the link.
	files map[string]string
	// due are the files that were written to, until they are calm.
	due map[string]*time.Timer
}

// New makes a Watcher. changed is called from another goroutine, once a change is over.
func New(ring Keyring, changed func(path string)) *Watcher {
	return &Watcher{ring: ring, changed: changed, dirs: map[string]bool{}, files: map[string]string{}, due: map[string]*time.Timer{}}
}

// Read gives the token as its keeper has it now; see [Read].
func (w *Watcher) Read(ctx context.Context, k platform.Keeper) (platform.Kept, error) {
	return Read(ctx, w.ring, k)
}

// Watch replaces what is watched; keepers that are no files are left out. Called
// again with the same it watches what was made anew meanwhile. An error names the
// first directory that cannot be watched; the others are.
func (w *Watcher) Watch(keepers []platform.Keeper) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	files, dirs := map[string]string{}, map[string]bool{}
	for _, k := range keepers {
		if k.Kind == platform.KeeperEnv || k.Kind == platform.KeeperJSON {
			for _, path := range []string{k.Path, target(k.Path)} {
				files[path] = k.Path
				dirs[filepath.Dir(path)] = true
			}
		}
	}
	w.files = files
	if len(dirs) == 0 {
		return w.stop()
	}
	if w.fs == nil {
		fs, err := fsnotify.NewWatcher()
		if err != nil {
			return fmt.Errorf("watch files: %w", err)
		}
		w.fs = fs
		go w.run(fs)
	}
	for dir := range w.dirs {
		if !dirs[dir] {
			_ = w.fs.Remove(dir)
			delete(w.dirs, dir)
		}
	}
	var failed error
	for dir := range dirs {
		// One that is watched already is watched anew: it may be another directory by now.
		if err := w.fs.Add(dir); err != nil {
			if failed == nil {
				failed = fmt.Errorf("watch %s: %w", dir, err)
			}
			delete(w.dirs, dir)
			continue
		}
		w.dirs[dir] = true
	}
	return failed
}

// target is what a path leads to through links; itself where that cannot be said.
func target(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// Close ends the watching.
func (w *Watcher) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop()
}

func (w *Watcher) stop() error {
	for path, timer := range w.due {
		timer.Stop()
		delete(w.due, path)
	}
	w.dirs = map[string]bool{}
	fs := w.fs
	w.fs = nil
	if fs == nil {
		return nil
	}
	return fs.Close()
}

func (w *Watcher) run(fs *fsnotify.Watcher) {
	for {
		select {
		case e, ok := <-fs.Events:
			if !ok {
				return
			}
			if e.Op != fsnotify.Chmod {
				w.touched(filepath.Clean(e.Name))
			}
		case _, ok := <-fs.Errors: // events were lost: look at every file
			if !ok {
				return
			}
			w.mu.Lock()
			files := make([]string, 0, len(w.files))
			for _, path := range w.files {
				files = append(files, path)
			}
			w.mu.Unlock()
			for _, path := range files {
				w.touched(path)
			}
		}
	}
}

func (w *Watcher) touched(at string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path, ok := w.files[at]
	if !ok || w.fs == nil {
		return
	}
	if timer := w.due[path]; timer != nil {
		timer.Reset(calm)
		return
	}
	w.due[path] = time.AfterFunc(calm, func() {
		w.mu.Lock()
		_, still := w.due[path]
		delete(w.due, path)
		w.mu.Unlock()
		if still {
			w.changed(path)
		}
	})
}
