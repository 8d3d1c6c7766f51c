package notifier

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/ebitengine/purego/objc"
)

// New gives the sender of this system: UserNotifications, and beeep's osascript
// for what they fail to show, as where this program is in no bundle.
func New(cfg Config) Sender {
	cfg = cfg.filled()
	return &fallback{first: newCenter(cfg, &userNotifications{}), second: newPlain(cfg), log: cfg.Log}
}

// centerWait is how long an answer of the system may take.
const centerWait = 3 * time.Second

var errCenterSilent = errors.New("macOS's notification center does not answer")

const userNotificationsFramework = "/System/Library/Frameworks/UserNotifications.framework/UserNotifications"

// The constants are those of UserNotifications' headers. Go runs on macOS 12 and
// later, which has all of them.
const (
	authorizeSound, authorizeAlert           = 1 << 1, 1 << 2         // UNAuthorizationOptions
	presentSound, presentList, presentBanner = 1 << 1, 1 << 3, 1 << 4 // UNNotificationPresentationOptions
	categoryCustomDismiss                    = 1 << 0                 // UNNotificationCategoryOptions
	levelPassive, levelActive                = 0, 1                   // UNNotificationInterruptionLevel
)

// userNotifications is UNUserNotificationCenter, called through the Objective-C
// runtime. An exception of Objective-C's would end the process, so nothing is
// called that throws: no center outside a bundle, no nil where text is wanted.
//
// Known, from Apple's headers and documents and from others' code, and seen by
// nobody here: outside a bundle currentNotificationCenter throws; an ad-hoc
// signature is enough, and none is not; completion handlers run on a queue of the
// framework's own, the delegate's methods on the main thread's run loop.
type userNotifications struct {
	center   objc.ID
	delegate objc.ID
	// categories are those named to the system so far, which takes all of them at once.
	categories map[string]objc.ID
}

// The selectors are looked up once, when first used.
var selectors sync.Map

func sel(name string) objc.SEL {
	if s, ok := selectors.Load(name); ok {
		return s.(objc.SEL)
	}
	s := objc.RegisterName(name)
	selectors.Store(name, s)
	return s
}

func class(name string) objc.ID { return objc.ID(objc.GetClass(name)) }

// pooled runs f on one thread, in an autorelease pool of its own: Go's threads have none.
func pooled(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pool := class("NSAutoreleasePool").Send(sel("alloc")).Send(sel("init"))
	defer pool.Send(sel("drain"))
	f()
}

func nsString(s string) objc.ID { return class("NSString").Send(sel("stringWithUTF8String:"), s) }

func goString(s objc.ID) string {
	if s == 0 {
		return ""
	}
	return objc.Send[string](s, sel("UTF8String"))
}

func nsArray(ids []objc.ID) objc.ID {
	a := class("NSMutableArray").Send(sel("array"))
	for _, id := range ids {
		a.Send(sel("addObject:"), id)
	}
	return a
}

func nsError(e objc.ID) error {
	if e == 0 {
		return nil
	}
	return fmt.Errorf("%s %d: %s", goString(e.Send(sel("domain"))), objc.Send[int](e, sel("code")), goString(e.Send(sel("localizedDescription"))))
}

func (u *userNotifications) start(heard func(centerAnswer)) (err error) {
	pooled(func() {
		bundle := class("NSBundle").Send(sel("mainBundle"))
		id, path := goString(bundle.Send(sel("bundleIdentifier"))), goString(bundle.Send(sel("bundlePath")))
		if id == "" || !strings.HasSuffix(path, ".app") {
			err = errors.New("this program is in no application bundle")
			return
		}
		if _, err = purego.Dlopen(userNotificationsFramework, purego.RTLD_GLOBAL|purego.RTLD_NOW); err != nil {
			return
		}
		if objc.GetClass("UNUserNotificationCenter") == 0 {
			err = errors.New("this macOS has no UserNotifications")
			return
		}
		var delegate objc.ID
		if delegate, err = newDelegate(heard); err != nil {
			return
		}
		u.center = class("UNUserNotificationCenter").Send(sel("currentNotificationCenter"))
		u.delegate = delegate // the center does not keep it
		u.center.Send(sel("setDelegate:"), delegate)
		u.categories = map[string]objc.ID{}
	})
	return err
}

// newDelegate makes the object that macOS tells of clicks. There is one class per process.
func newDelegate(heard func(centerAnswer)) (objc.ID, error) {
	const name = "RelinkNotificationDelegate"
	if objc.GetClass(name) != 0 {
		return 0, errors.New("there is a notification delegate already")
	}
	var protocols []*objc.Protocol
	if p := objc.GetProtocol("UNUserNotificationCenterDelegate"); p != nil {
		protocols = append(protocols, p) // its methods are found without it, too
	}
	c, err := objc.RegisterClass(name, objc.GetClass("NSObject"), protocols, nil, []objc.MethodDef{
		{
			Cmd: sel("userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:"),
			Fn: func(_ objc.ID, _ objc.SEL, _, response objc.ID, done objc.Block) {
				request := response.Send(sel("notification")).Send(sel("request"))
				heard(centerAnswer{
					id:       goString(request.Send(sel("identifier"))),
					category: goString(request.Send(sel("content")).Send(sel("categoryIdentifier"))),
					action:   goString(response.Send(sel("actionIdentifier"))),
				})
				callBlock(done)
			},
		},
		{
			// Without it macOS shows nothing while a window of Relink's is in front.
			Cmd: sel("userNotificationCenter:willPresentNotification:withCompletionHandler:"),
			Fn: func(_ objc.ID, _ objc.SEL, _, notification objc.ID, done objc.Block) {
				options := presentList | presentBanner
				if notification.Send(sel("request")).Send(sel("content")).Send(sel("sound")) != 0 {
					options |= presentSound
				}
				callBlock(done, uintptr(options))
			},
		},
	})
	if err != nil {
		return 0, err
	}
	return objc.ID(c).Send(sel("alloc")).Send(sel("init")), nil
}

// callBlock calls a block that the system made: objc's own Invoke knows those of
// Go alone. The place of the function is fixed (Block-ABI-Apple, clang.llvm.org).
func callBlock(b objc.Block, args ...uintptr) {
	if b == 0 {
		return
	}
	literal := *(**struct {
		isa             uintptr
		flags, reserved int32
		invoke          uintptr
	})(unsafe.Pointer(&b))
	purego.SyscallN(literal.invoke, append([]uintptr{uintptr(b)}, args...)...)
}

// waited makes a call that answers by a completion handler; answer gives what the handler sends.
func waited[T any](call func(answer chan<- T)) (v T, err error) {
	answer := make(chan T, 1)
	pooled(func() { call(answer) })
	timer := time.NewTimer(centerWait)
	defer timer.Stop()
	select {
	case v = <-answer:
		return v, nil
	case <-timer.C:
		return v, errCenterSilent
	}
}

func (u *userNotifications) allowed() (centerRights, error) {
	return waited(func(answer chan<- centerRights) {
		block := objc.NewBlock(func(_ objc.Block, settings objc.ID) {
			l := centerRights{status: objc.Send[int](settings, sel("authorizationStatus")), style: objc.Send[int](settings, sel("alertStyle"))}
			select {
			case answer <- l:
			default:
			}
		})
		defer block.Release() // the system keeps its own
		u.center.Send(sel("getNotificationSettingsWithCompletionHandler:"), block)
	})
}

func (u *userNotifications) ask() error {
	pooled(func() {
		// The answer is read from the settings.
		block := objc.NewBlock(func(objc.Block, bool, objc.ID) {})
		defer block.Release()
		u.center.Send(sel("requestAuthorizationWithOptions:completionHandler:"), authorizeAlert|authorizeSound, block)
	})
	return nil
}

func (u *userNotifications) show(r centerRequest) error {
	err, silent := waited(func(answer chan<- error) {
		u.name(r)
		content := class("UNMutableNotificationContent").Send(sel("alloc")).Send(sel("init"))
		defer content.Send(sel("release"))
		content.Send(sel("setTitle:"), nsString(r.Title))
		content.Send(sel("setBody:"), nsString(r.Body))
		content.Send(sel("setCategoryIdentifier:"), nsString(r.Category))
		if r.Sound {
			content.Send(sel("setSound:"), class("UNNotificationSound").Send(sel("defaultSound")))
		}
		level := levelActive
		if r.Passive {
			level = levelPassive
		}
		content.Send(sel("setInterruptionLevel:"), level)
		request := class("UNNotificationRequest").Send(sel("requestWithIdentifier:content:trigger:"), nsString(r.ID), content, objc.ID(0))
		block := objc.NewBlock(func(_ objc.Block, e objc.ID) {
			select {
			case answer <- nsError(e):
			default:
			}
		})
		defer block.Release()
		u.center.Send(sel("addNotificationRequest:withCompletionHandler:"), request, block)
	})
	return errors.Join(err, silent)
}

// name tells the system of a note's buttons.
func (u *userNotifications) name(r centerRequest) {
	if u.categories[r.Category] != 0 {
		return
	}
	var actions []objc.ID
	for _, b := range r.Buttons {
		actions = append(actions, class("UNNotificationAction").Send(sel("actionWithIdentifier:title:options:"), nsString(string(b.Action)), nsString(b.Label), 0))
	}
	u.categories[r.Category] = class("UNNotificationCategory").Send(sel("categoryWithIdentifier:actions:intentIdentifiers:options:"),
		nsString(r.Category), nsArray(actions), nsArray(nil), categoryCustomDismiss).Send(sel("retain"))
	set := class("NSMutableSet").Send(sel("set"))
	for _, c := range u.categories {
		set.Send(sel("addObject:"), c)
	}
	u.center.Send(sel("setNotificationCategories:"), set)
}

// remove returns once the system has answered a question that was put after it:
// removing itself gives no sign, and the agent may end next.
func (u *userNotifications) remove(ids ...string) error {
	pooled(func() {
		var list []objc.ID
		for _, id := range ids {
			list = append(list, nsString(centerText(id)))
		}
		names := nsArray(list)
		u.center.Send(sel("removePendingNotificationRequestsWithIdentifiers:"), names)
		u.center.Send(sel("removeDeliveredNotificationsWithIdentifiers:"), names)
	})
	_, err := u.allowed()
	return err
}
