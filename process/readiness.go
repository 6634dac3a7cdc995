package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	firstPause = 20 * time.Millisecond
	lastPause  = 500 * time.Millisecond
	// probeTimeout bounds one question to the app.
	probeTimeout = 10 * time.Second
	// maxAnswer bounds the head of an answer, in bytes.
	maxAnswer = 1 << 20
)

// answer is the app's first: where it came from, or why there was none.
type answer struct {
	at  place
	err error
}

// awaitReady gives one answer: without an error as soon as the app gives any
// HTTP answer on ReadyPath (or, if that is empty, takes a connection), and with the last reason when ReadyTimeout is over
// before.
func (r *run) awaitReady(ctx context.Context) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, r.config.ReadyTimeout)
		defer cancel()
		p := newProbe(r.at)
		answers <- answer{err: p.await(ctx, r.config.ReadyPath), at: p.found()}
	}()
	return answers
}

// probe asks an app over HTTP how it is. net/http's client would do, but for
// what it writes to the log about answers that are none.
type probe struct {
	at place
	// reached is where the last question arrived, and nil if it did not.
	reached *place
}

func newProbe(at place) *probe { return &probe{at: at} }

// found is the place with the address that the app answered on.
func (p *probe) found() place {
	if p.reached != nil {
		return *p.reached
	}
	return p.at
}

// await returns when the app gives any HTTP answer on path, and when ctx ends
// before, the last reason why it gave none. Redirects are answers and are not
// followed.
//
// It asks by HEAD first, since a GET can cost a lot: Voila runs the whole
// notebook for one. An app that breaks off at HEAD is asked by GET.
func (p *probe) await(ctx context.Context, path string) error {
	method := http.MethodHead
	var last error
	met := false // the app, when it gave the last reason
	for pause := firstPause; ; pause = min(pause*3/2, lastPause) {
		_, err := p.ask(ctx, method, path)
		if err == nil {
			return nil
		}
		// The end of our time interrupts a question, which says less than the
		// one before; unless that found nobody, and this one somebody.
		if !over(ctx) || last == nil || (p.reached != nil && !met) {
			last, met = err, p.reached != nil
		}
		if p.reached != nil {
			method = other(method)
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(pause):
		}
	}
}

// over says whether the time of a context is: a connection's timer can be
// ahead of the context's own.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || (ok && !time.Now().Before(deadline))
}

// ask returns the status of the answer, or 0 without a path, when a connection
// is enough. An error says why there was none, as
// the end of a sentence.
func (p *probe) ask(ctx context.Context, method, path string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	asked := time.Now()
	p.reached = nil
	conn, err := p.at.dial(ctx)
	if err != nil {
		return 0, p.explainDial(err, time.Since(asked))
	}
	defer conn.Close()
	found := p.at.reached(conn)
	p.reached = &found
	if path == "" {
		return 0, nil // it speaks no HTTP
	}
	// The end of the time, or of the process, ends the wait.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(asked) })()
	from := &limitedReader{Reader: conn, left: maxAnswer}
	status, err := exchange(ctx, conn, from, method, path)
	if err != nil {
		if late(from.err) {
			err = from.err // is why a part of an answer is not HTTP
		}
		return 0, explainAnswer(err, maxAnswer-from.left, time.Since(asked))
	}
	return status, nil
}

// limitedReader reads so many bytes, and remembers why it could not.
type limitedReader struct {
	io.Reader
	left int
	err  error
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.Reader.Read(p[:min(len(p), r.left)])
	r.left -= n
	if err != nil {
		r.err = err
	}
	return n, err
}

// exchange asks, and reads the head of the answer: the body is of no use.
func exchange(ctx context.Context, to io.Writer, from io.Reader, method, path string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, nil)
	if err != nil {
		return 0, err
	}
	req.Close = true
	req.Header.Set("User-Agent", "jhsingle-native-proxy readiness")
	if err := req.Write(to); err != nil {
		return 0, err
	}
	for reader := bufio.NewReader(from); ; {
		resp, err := http.ReadResponse(reader, req)
		if err != nil {
			return 0, err
		}
		// Others than these only announce the answer (RFC 9110, 15.2).
		if resp.StatusCode >= http.StatusOK || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp.StatusCode, nil
		}
	}
}

// explainDial says why no connection could be made.
func (p *probe) explainDial(err error, took time.Duration) error {
	switch {
	case p.at.socket != "" && errors.Is(err, fs.ErrNotExist):
		return errors.New("the socket is not there yet")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing listens there")
	case late(err):
		return fmt.Errorf("no connection could be made within %s", took.Round(10*time.Millisecond))
	}
	return fmt.Errorf("no connection could be made: %w", plain(err))
}

// explainAnswer says what an app did instead of an answer, of which so many
// bytes came.
func explainAnswer(err error, came int, took time.Duration) error {
	took = took.Round(10 * time.Millisecond)
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case late(err) && came == 0:
		return fmt.Errorf("it took the connection, but gave no answer within %s", took)
	case late(err):
		return fmt.Errorf("it took the connection, but gave only a part of an answer within %s", took)
	case came >= maxAnswer:
		return fmt.Errorf("the head of its answer is longer than %d bytes", maxAnswer)
	case broken && came == 0:
		return errors.New("it closed the connection without an answer")
	case broken:
		return errors.New("it broke off in the middle of its answer")
	case strings.Contains(err.Error(), `"\x15\x03`):
		return errors.New("it expects TLS; let it speak plain HTTP, since only we connect to it")
	}
	return fmt.Errorf("what it answered is not HTTP: %w", err)
}

func late(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || (errors.As(err, &timeout) && timeout.Timeout())
}

func other(method string) string {
	if method == http.MethodHead {
		return http.MethodGet
	}
	return http.MethodHead
}

// notReady says why an app that did not get ready is given up.
func (r *run) notReady(err error) Exit {
	what := "gave no HTTP answer on " + r.at.String() + ", path " + r.config.ReadyPath
	if r.config.ReadyPath == "" {
		what = "took no connection on " + r.at.String()
	}
	reason := fmt.Sprintf("%s, within %s (--ready-timeout): %s", what, r.config.ReadyTimeout, err)
	if errors.As(err, new(strangerError)) {
		reason = "is not ready: " + err.Error()
	} else if hint := r.explainPlace(); hint != "" {
		reason += "; " + hint
	}
	return Exit{Code: -1, Reason: reason}
}
