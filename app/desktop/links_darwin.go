package desktop

// macOS reads the schemes of a program from its bundle (CFBundleURLTypes in
// Info.plist), and hands addresses over as Apple events, not as arguments.

func linksPlace() string { return "the application bundle" }

func readLinks() (string, error) { return "", errLinksElsewhere }

func writeLinks(string) error { return errLinksElsewhere }

func removeLinks() error { return errLinksElsewhere }
