package atomicfile

// SyncDir does nothing: NTFS keeps a rename by its journal, and directories cannot be flushed.
func SyncDir(string) error { return nil }
