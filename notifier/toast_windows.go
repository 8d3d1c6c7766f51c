package notifier

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"relink/platform"
)

// New gives the sender of this system: toasts with buttons, and beeep for what
// they fail to show.
func New(cfg Config) Sender {
	cfg = cfg.filled()
	return &fallback{first: newToast(cfg, &winBoard{cfg: cfg}), second: newPlain(cfg), log: cfg.Log}
}

const (
	// toastID is Relink's own AppUserModelID: whose settings and place among the
	// notifications a toast has.
	toastID    = "app.relink.Relink"
	toastGroup = "relink"
	toastKey   = `Software\Classes\AppUserModelId\` + toastID
	// toastActivator is the class that would take clicks that are no links. There
	// is none: a toast of a program without one does not stay in the notification centre.
	toastActivator = "{5C2D8E63-0B0F-4B55-9C9B-8A6E1F0D7A41}"
)

// The interfaces, and the places of their methods behind the six that each has
// from IInspectable, are those of Windows' metadata (windows.ui.notifications.idl,
// windows.data.xml.dom.idl). go-toast, which beeep uses, binds neither tag nor history.
var (
	iidManager      = guid("{50AC103F-D235-4598-BBEF-98FE4D1A3AD4}") // IToastNotificationManagerStatics
	iidManager2     = guid("{7AB93C52-0E48-4750-BA9D-1A4113981847}") // IToastNotificationManagerStatics2
	iidFactory      = guid("{04124B20-82C6-4229-B109-FD9ED4662B53}") // IToastNotificationFactory
	iidToast2       = guid("{9DFB9FD1-143A-490E-90BF-B9FBA7132DE7}") // IToastNotification2
	iidDocument     = guid("{F7F3A506-1E87-42D6-BCFB-B8C809FA5494}") // IXmlDocument
	iidDocumentText = guid("{6CD0E74E-EE65-4489-9EBF-CA43E87BA637}") // IXmlDocumentIO
)

const (
	classManager  = "Windows.UI.Notifications.ToastNotificationManager"
	classToast    = "Windows.UI.Notifications.ToastNotification"
	classDocument = "Windows.Data.Xml.Dom.XmlDocument"

	queryInterface     = 0 // IUnknown
	release            = 2
	createNotifierByID = 7 // IToastNotificationManagerStatics
	getHistory         = 6 // IToastNotificationManagerStatics2
	createToast        = 6 // IToastNotificationFactory
	show               = 6 // IToastNotifier
	getSetting         = 8
	putTag             = 6 // IToastNotification2
	putGroup           = 8
	putSuppressPopup   = 10
	loadXML            = 6 // IXmlDocumentIO
	removeByTag        = 8 // IToastNotificationHistory.RemoveGroupedTagWithId
)

var (
	combase                = windows.NewLazySystemDLL("combase.dll")
	roInitialize           = combase.NewProc("RoInitialize")
	roUninitialize         = combase.NewProc("RoUninitialize")
	roActivateInstance     = combase.NewProc("RoActivateInstance")
	roGetActivationFactory = combase.NewProc("RoGetActivationFactory")
	windowsCreateString    = combase.NewProc("WindowsCreateString")
	windowsDeleteString    = combase.NewProc("WindowsDeleteString")
)

func guid(s string) *windows.GUID {
	g, err := windows.GUIDFromString(s)
	if err != nil {
		panic(err) // one of the constants above
	}
	return &g
}

// winBoard shows toasts through the Windows Runtime. It is compiled and vetted
// with every change, but has not run on a Windows machine yet: CONTRIBUTING.md
// has the list to go through on one.
type winBoard struct {
	cfg Config
	// registered is true once this process has put the AppUserModelID right.
	registered bool
}

// register writes who the toasts are from, anew for every process: the icon
// moves with Relink's files.
func (b *winBoard) register() error {
	if b.registered {
		return nil
	}
	k, _, err := registry.CreateKey(registry.CURRENT_USER, toastKey, registry.QUERY_VALUE|registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("register for notifications: %w", err)
	}
	defer k.Close()
	values := map[string]string{"DisplayName": b.cfg.AppName, "CustomActivator": toastActivator}
	if icon := b.icon(); icon != "" {
		values["IconUri"] = icon
	}
	for name, want := range values {
		if got, _, err := k.GetStringValue(name); err == nil && got == want {
			continue
		}
		if err := k.SetStringValue(name, want); err != nil {
			return fmt.Errorf("register for notifications: %w", err)
		}
	}
	b.registered = true
	return nil
}

// icon is the path of the icon, which Windows wants as a file; empty where that
// cannot be written, since a toast without one is still a toast.
func (b *winBoard) icon() string {
	if b.cfg.Dir == "" || len(b.cfg.Icon) == 0 {
		return ""
	}
	path := filepath.Join(b.cfg.Dir, "notification.png")
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b.cfg.Icon) {
		return path
	}
	if err := errors.Join(os.MkdirAll(b.cfg.Dir, 0o700), os.WriteFile(path, b.cfg.Icon, 0o600)); err != nil {
		b.cfg.Log.Warn("icon of notifications", "error", err)
		return ""
	}
	return path
}

func (b *winBoard) show(tag, document string, quietly bool) error {
	if err := b.register(); err != nil {
		return err
	}
	return inRuntime(func(r *runtimeScope) {
		toast := r.toast(document)
		r.call(toast, iidToast2, putTag, r.text(tag))
		r.call(toast, iidToast2, putGroup, r.text(toastGroup))
		if quietly {
			r.call(toast, iidToast2, putSuppressPopup, 1)
		}
		r.call(r.notifier(), nil, show, pointer(toast))
	})
}

func (b *winBoard) remove(tag string) error {
	if err := b.register(); err != nil {
		return err
	}
	err := inRuntime(func(r *runtimeScope) {
		history := r.get(r.factory(classManager, iidManager2), getHistory)
		r.call(history, nil, removeByTag, r.text(tag), r.text(toastGroup), r.text(toastID))
	})
	const notFound = failure(0x80070490) // HRESULT_FROM_WIN32(ERROR_NOT_FOUND)
	if errors.Is(err, notFound) {
		return nil
	}
	return err
}

func (b *winBoard) off() (why string, err error) {
	if err := b.register(); err != nil {
		return "", err
	}
	err = inRuntime(func(r *runtimeScope) {
		var setting int32
		r.call(r.notifier(), nil, getSetting, uintptr(unsafe.Pointer(&setting)))
		// Windows.UI.Notifications.NotificationSetting
		switch setting {
		case 1:
			why = platform.T("Relink's notifications are switched off; switch them on in Settings, System, Notifications")
		case 2:
			why = platform.T("notifications are switched off; switch them on in Settings, System, Notifications")
		case 3:
			why = platform.T("notifications are switched off by a policy; ask who manages this computer")
		}
	})
	// Before the first toast Windows may not know the program; that is not off.
	const notFound = failure(0x80070490)
	if errors.Is(err, notFound) {
		return "", nil
	}
	return why, err
}

// object is a Windows Runtime object: a pointer to the table of its methods.
type object struct{ methods *[16]uintptr }

func pointer(o *object) uintptr { return uintptr(unsafe.Pointer(o)) }

// failure is an HRESULT that is no success.
type failure uint32

func (f failure) Error() string { return fmt.Sprintf("Windows answered 0x%08X", uint32(f)) }

// runtimeScope makes calls and keeps what has to be let go of. After a failure
// it does nothing more, and what it gives is nil.
type runtimeScope struct {
	err   error
	after []func()
}

// inRuntime runs f on a thread of its own that has entered the Windows Runtime.
func inRuntime(f func(*runtimeScope)) error {
	for _, p := range []*windows.LazyProc{roInitialize, roUninitialize, roActivateInstance, roGetActivationFactory, windowsCreateString, windowsDeleteString} {
		if err := p.Find(); err != nil {
			return err // what is no Windows, or too old
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const multithreaded, changedMode = 1, 0x80010106
	switch hr, _, _ := roInitialize.Call(multithreaded); {
	case int32(hr) >= 0:
		defer roUninitialize.Call()
	case uint32(hr) != changedMode: // which is fine: somebody else has entered it already
		return failure(hr)
	}
	r := &runtimeScope{}
	defer func() {
		for i := len(r.after) - 1; i >= 0; i-- {
			r.after[i]()
		}
	}()
	f(r)
	return r.err
}

func (r *runtimeScope) check(hr uintptr) bool {
	if r.err == nil && int32(hr) < 0 {
		r.err = failure(hr)
	}
	return r.err == nil
}

func (r *runtimeScope) keep(o *object) *object {
	if r.err != nil || o == nil {
		return nil
	}
	r.after = append(r.after, func() { _, _, _ = syscall.SyscallN(o.methods[release], pointer(o)) })
	return o
}

// text makes an HSTRING.
func (r *runtimeScope) text(s string) uintptr {
	u, err := windows.UTF16FromString(s)
	if err != nil { // a NUL in it
		r.err = errors.Join(r.err, err)
	}
	if r.err != nil {
		return 0
	}
	var h uintptr
	hr, _, _ := windowsCreateString.Call(uintptr(unsafe.Pointer(&u[0])), uintptr(len(u)-1), uintptr(unsafe.Pointer(&h)))
	if r.check(hr) {
		r.after = append(r.after, func() { _, _, _ = windowsDeleteString.Call(h) })
	}
	return h
}

// as gives another interface of an object; nil is the one it is.
func (r *runtimeScope) as(o *object, iid *windows.GUID) *object {
	if r.err != nil || o == nil || iid == nil {
		return o
	}
	var out *object
	hr, _, _ := syscall.SyscallN(o.methods[queryInterface], pointer(o), uintptr(unsafe.Pointer(iid)), uintptr(unsafe.Pointer(&out)))
	r.check(hr)
	return r.keep(out)
}

// call calls a method of an interface by its place. An argument that is the
// address of a variable is converted in the call itself: then the variable is on
// the heap and stays there, while a stack may move.
//
//go:uintptrescapes
func (r *runtimeScope) call(o *object, iid *windows.GUID, method int, args ...uintptr) {
	o = r.as(o, iid)
	if r.err != nil || o == nil {
		return
	}
	hr, _, _ := syscall.SyscallN(o.methods[method], append([]uintptr{pointer(o)}, args...)...)
	r.check(hr)
}

// get calls a method that gives an object.
func (r *runtimeScope) get(o *object, method int) *object {
	var out *object
	r.call(o, nil, method, uintptr(unsafe.Pointer(&out)))
	return r.keep(out)
}

// getBy calls a method that gives an object for one argument.
func (r *runtimeScope) getBy(o *object, method int, arg uintptr) *object {
	var out *object
	r.call(o, nil, method, arg, uintptr(unsafe.Pointer(&out)))
	return r.keep(out)
}

func (r *runtimeScope) factory(class string, iid *windows.GUID) *object {
	name := r.text(class)
	if r.err != nil {
		return nil
	}
	var out *object
	hr, _, _ := roGetActivationFactory.Call(name, uintptr(unsafe.Pointer(iid)), uintptr(unsafe.Pointer(&out)))
	r.check(hr)
	return r.keep(out)
}

func (r *runtimeScope) notifier() *object {
	return r.getBy(r.factory(classManager, iidManager), createNotifierByID, r.text(toastID))
}

// toast makes a toast of a document.
func (r *runtimeScope) toast(document string) *object {
	name := r.text(classDocument)
	if r.err != nil {
		return nil
	}
	var instance *object
	hr, _, _ := roActivateInstance.Call(name, uintptr(unsafe.Pointer(&instance)))
	r.check(hr)
	instance = r.keep(instance)
	r.call(instance, iidDocumentText, loadXML, r.text(document))
	return r.getBy(r.factory(classToast, iidFactory), createToast, pointer(r.as(instance, iidDocument)))
}
