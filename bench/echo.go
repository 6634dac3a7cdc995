package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// echo sends messages over websockets and waits for each to come back.
func echo(ctx context.Context, s *server, sh shape) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, sh.duration+10*time.Second)
	defer cancel()
	var conns []*websocket.Conn
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	for range sh.connections {
		url := "ws" + strings.TrimPrefix(s.url("/ws"), "http")
		conn, response, err := websocket.DefaultDialer.DialContext(ctx, url, s.header)
		if err != nil {
			if response != nil {
				err = fmt.Errorf("%w: %s", err, response.Status)
			}
			return result{}, fmt.Errorf("cannot open a websocket at %s: %w", url, err)
		}
		conns = append(conns, conn)
	}

	began := time.Now()
	trips := make([][]time.Duration, len(conns))
	errs := make([]error, len(conns))
	var group sync.WaitGroup
	for i, conn := range conns {
		group.Go(func() { trips[i], errs[i] = bounce(conn, began.Add(sh.duration)) })
	}
	group.Wait()
	seconds := time.Since(began).Seconds()

	for _, err := range errs {
		if err != nil {
			return result{}, fmt.Errorf("a websocket broke under load: %w", err)
		}
	}
	all := slices.Concat(trips...)
	slices.Sort(all)
	return result{requests: len(all), seconds: seconds, p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

// bounce plays one message at a time until the end.
func bounce(conn *websocket.Conn, end time.Time) ([]time.Duration, error) {
	message := bytes.Repeat([]byte("x"), 1<<10)
	var trips []time.Duration
	for {
		sent := time.Now()
		if sent.After(end) && len(trips) > 0 {
			return trips, nil
		}
		_ = conn.SetReadDeadline(sent.Add(10 * time.Second))
		if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
			return nil, err
		}
		_, back, err := conn.ReadMessage()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(back, message) {
			return nil, fmt.Errorf("%d bytes came back, other than the %d sent", len(back), len(message))
		}
		trips = append(trips, time.Since(sent))
	}
}
