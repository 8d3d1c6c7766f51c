// Relink keeps social accounts connected: it knows when every token on this
// computer ends, says so in time, and reconnects with one click.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"relink/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:], gui)
	stop()
	os.Exit(code)
}
