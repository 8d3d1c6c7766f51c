package desktop

import (
	"github.com/ebitengine/purego/objc"
)

// kInternetEventClass and kAEGetURL are one code; keyDirectObject holds the address.
const (
	getURL          = 'G'<<24 | 'U'<<16 | 'R'<<8 | 'L'
	keyDirectObject = '-'<<24 | '-'<<16 | '-'<<8 | '-'
)

// HearLinks has open called for each relink:// address that macOS hands to this
// process, which it does to one that runs an application's event loop: the agent
// with a tray, and the window. Called once, before that loop starts; open is
// called on the main thread and must not block. An address that has to start
// Relink first is lost: then the window alone opens. Compiled, and never run on a Mac.
func HearLinks(open func(address string)) {
	const name = "RelinkLinkHandler"
	manager := objc.GetClass("NSAppleEventManager") // of Foundation, which Fyne and systray link
	if manager == 0 || objc.GetClass(name) != 0 {
		return
	}
	handle := objc.RegisterName("handleGetURLEvent:withReplyEvent:")
	param, text, utf8 := objc.RegisterName("paramDescriptorForKeyword:"), objc.RegisterName("stringValue"), objc.RegisterName("UTF8String")
	class, err := objc.RegisterClass(name, objc.GetClass("NSObject"), nil, nil, []objc.MethodDef{{
		Cmd: handle,
		Fn: func(_ objc.ID, _ objc.SEL, event, _ objc.ID) {
			if s := event.Send(param, uint32(keyDirectObject)).Send(text); s != 0 {
				open(objc.Send[string](s, utf8))
			}
		},
	}})
	if err != nil {
		return
	}
	handler := objc.ID(class).Send(objc.RegisterName("alloc")).Send(objc.RegisterName("init")) // for as long as the process lives
	objc.ID(manager).Send(objc.RegisterName("sharedAppleEventManager")).
		Send(objc.RegisterName("setEventHandler:andSelector:forEventClass:andEventID:"), handler, handle, uint32(getURL), uint32(getURL))
}
