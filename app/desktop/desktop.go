// Package desktop is what differs between systems and is no notification:
// opening the browser, starting at login, knowing that the computer woke or
// the network came back, whether there is a display, and a clock that counts
// sleep. It holds no state of Relink's and needs no cgo.
package desktop

import "relink/platform"

// fault is an error a person reads.
func fault(kind platform.Kind, message, repair string, cause error) *platform.Error {
	return &platform.Error{Kind: kind, Message: message, Repair: repair, Err: cause}
}
