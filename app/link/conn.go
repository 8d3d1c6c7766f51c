package link

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// maxIdle is how many connections a client keeps for later.
const maxIdle = 64

// conn is one connection to the agent. Client speaks HTTP over it by itself:
// http.Transport would cost a short command as much as all the rest of the call
// does (two goroutines a connection, its proxies and its pools).
type conn struct {
	net.Conn
	in *bufio.Reader
	// used is true once it has carried a call.
	used bool
}

// take gives a connection: one that is idle, else a new one.
func (c *Client) take(ctx context.Context) (*conn, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		k := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return k, nil
	}
	c.mu.Unlock()
	raw, err := dial(ctx, c.path)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: raw, in: bufio.NewReader(raw)}, nil
}

// give takes a connection back for later calls.
func (c *Client) give(k *conn) {
	k.used = true
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= maxIdle {
		_ = k.Close()
		return
	}
	c.idle = append(c.idle, k)
}

// Close lets the connections go. Streams and calls under way are not ended.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, k := range c.idle {
		_ = k.Close()
	}
	c.idle = nil
	return nil
}

// exchange is an answer under way. The context of its call breaks it off until it has ended.
type exchange struct {
	*http.Response
	conn *conn
	stop func() bool
}

// end keeps the connection if the answer was read to its end, else closes it.
func (x *exchange) end(c *Client, whole bool) {
	if x.stop() && whole && !x.Close {
		c.give(x.conn)
		return
	}
	_ = x.conn.Close()
	_ = x.Body.Close() // reads on to the end, which is here now
}

// send makes a call and gives the head of its answer. The agent closes no
// connection while it runs, so an idle one that turns out to be closed means
// that another agent has taken its place: it is asked over a new connection.
func (c *Client) send(ctx context.Context, name string, body []byte) (*exchange, error) {
	head := fmt.Appendf(nil, "POST %s%s HTTP/1.1\r\nHost: relink\r\n%s: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", prefix, name, versionHeader, c.version, len(body))
	request := slices.Concat(head, body)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k, err := c.take(ctx)
		if err != nil {
			return nil, err
		}
		x, silent, err := k.ask(ctx, request)
		if err == nil {
			return x, nil
		}
		_ = k.Close()
		if !k.used || !silent || ctx.Err() != nil {
			return nil, err
		}
	}
}

// ask sends a request; silent is true when not a byte came back.
func (k *conn) ask(ctx context.Context, request []byte) (x *exchange, silent bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = k.SetDeadline(time.Unix(1, 0)) })
	if _, err = k.Write(request); err == nil {
		_, err = k.in.Peek(1)
	}
	if err != nil {
		stop()
		return nil, true, err
	}
	resp, err := http.ReadResponse(k.in, nil) //nolint:bodyclose // exchange.end closes it
	if err != nil {
		stop()
		return nil, false, err
	}
	return &exchange{resp, k, stop}, false, nil
}

// read gives the whole body and ends the exchange.
func (x *exchange) read(c *Client) ([]byte, error) {
	data, err := io.ReadAll(x.Body)
	x.end(c, err == nil)
	return data, err
}
