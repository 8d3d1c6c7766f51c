package notifier

// How a mail server is spoken to. Both kinds of TLS are required of the
// server; none is for a server on this computer only.
const (
	SecurityStartTLS = "starttls"
	SecurityTLS      = "tls"
	SecurityNone     = "none"
)
