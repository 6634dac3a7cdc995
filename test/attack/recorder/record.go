package main

import "sync"

// record is what came in so far.
type record struct {
	mutex       sync.Mutex
	connections []*connection
	later       int // answers whose later part is written
}

// connection is what came in over one connection.
type connection struct {
	record *record
	// Received is every byte that came.
	Received []byte `json:"received"`
	// Switched is how many of them came before the connection left HTTP;
	// -1 if it did not.
	Switched int `json:"switched"`
}

func (r *record) open() *connection {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	c := &connection{record: r, Switched: -1}
	r.connections = append(r.connections, c)
	return c
}

func (c *connection) saidLater() {
	c.record.mutex.Lock()
	defer c.record.mutex.Unlock()
	c.record.later++
}

func (c *connection) add(piece []byte) {
	c.record.mutex.Lock()
	defer c.record.mutex.Unlock()
	c.Received = append(c.Received, piece...)
}

func (c *connection) switched(after int) {
	c.record.mutex.Lock()
	defer c.record.mutex.Unlock()
	c.Switched = after
}
