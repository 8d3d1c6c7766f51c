package app

import (
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"

	"relink/app/agent"
	"relink/app/config"
	"relink/app/desktop"
	"relink/app/tray"
	"relink/platform"
)

// findings is what the system around the agent lets it do.
func (p program) findings(ctx context.Context) []agent.Finding {
	return []agent.Finding{trayFinding(ctx), browserFinding(), windowFinding(), networkFinding(ctx), autostartFinding(), linksFinding()}
}

func trayFinding(ctx context.Context) agent.Finding {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if present, reason := tray.HostPresent(ctx); !present {
		return agent.Finding{Name: "tray", Level: agent.LevelWarn, Text: platform.T("There is no tray here: %s", reason), Repair: platform.T("until then use the window")}
	}
	return agent.Finding{Name: "tray", Level: agent.LevelOK, Text: platform.T("The tray shows Relink.")}
}

func browserFinding() agent.Finding {
	if runtime.GOOS != "linux" {
		return agent.Finding{Name: "browser", Level: agent.LevelOK, Text: platform.T("The system's browser opens sign-in pages.")}
	}
	for _, name := range []string{"xdg-open", "x-www-browser", "sensible-browser", "www-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return agent.Finding{Name: "browser", Level: agent.LevelOK, Text: platform.T("Sign-in pages are opened with %s.", path)}
		}
	}
	return agent.Finding{Name: "browser", Level: agent.LevelWarn, Text: platform.T("No browser was found."), Repair: platform.T("install xdg-utils, or set one: relink settings set browser COMMAND")}
}

func windowFinding() agent.Finding {
	if ok, reason := desktop.HasDisplay(); !ok {
		return agent.Finding{Name: "window", Level: agent.LevelWarn, Text: platform.T("The window cannot be shown: %s", reason), Repair: platform.T("use the command line")}
	}
	return agent.Finding{Name: "window", Level: agent.LevelOK, Text: platform.T("There is a display for the window.")}
}

// networkFinding asks the system's resolver, not a platform: it costs nobody anything.
func networkFinding(ctx context.Context) agent.Finding {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := net.DefaultResolver.LookupHost(ctx, "graph.facebook.com"); err != nil {
		return agent.Finding{Name: "network", Level: agent.LevelWarn, Text: platform.T("Names on the internet cannot be found."), Repair: platform.T("check the network; nothing is called expired because of it")}
	}
	return agent.Finding{Name: "network", Level: agent.LevelOK, Text: platform.T("Names on the internet are found.")}
}

func autostartFinding() agent.Finding {
	on, err := desktop.Autostart{}.Enabled()
	switch {
	case err != nil:
		return agent.Finding{Name: "autostart", Level: agent.LevelWarn, Text: platform.T("It is unknown whether Relink starts at login."), Repair: platform.T("look in the system's startup settings")}
	case !on:
		return agent.Finding{Name: "autostart", Level: agent.LevelWarn, Text: platform.T("Relink does not start at login: nothing is watched until it is started."), Repair: platform.T("switch it on: relink settings set autostart on")}
	}
	return agent.Finding{Name: "autostart", Level: agent.LevelOK, Text: platform.T("Relink starts at login.")}
}

// linksFinding is about relink:// addresses, which mails and calendars carry.
func linksFinding() agent.Finding {
	const name = "links"
	registered, err := desktop.Links{}.Registered()
	switch {
	case err != nil:
		return agent.Finding{Name: name, Level: agent.LevelWarn, Text: platform.T("It is unknown whether relink:// links open here."), Repair: platform.T("register them again: relink open --register")}
	case registered:
		return agent.Finding{Name: name, Level: agent.LevelOK, Text: platform.T("relink:// links, as in mails and calendars, open Relink.")}
	case os.Getenv(config.Home) != "":
		return agent.Finding{Name: name, Level: agent.LevelOK, Text: platform.T("relink:// links are left to the Relink that has no %s.", config.Home)}
	case runtime.GOOS == "darwin":
		return agent.Finding{Name: name, Level: agent.LevelWarn, Text: platform.T("relink:// links open an application bundle alone, which this is not."), Repair: platform.T("use the window, or: relink reconnect ACCOUNT")}
	}
	return agent.Finding{Name: name, Level: agent.LevelWarn, Text: platform.T("relink:// links, as in mails and calendars, open nothing here."), Repair: platform.T("register them: relink open --register")}
}

// installedBrowsers are the browsers of this computer in the agent's words.
func installedBrowsers() []agent.Browser {
	var out []agent.Browser
	for _, b := range desktop.Browsers() {
		one := agent.Browser{Name: b.Name, Command: b.Command}
		for _, p := range b.Profiles {
			one.Profiles = append(one.Profiles, agent.BrowserProfile(p))
		}
		out = append(out, one)
	}
	return out
}
