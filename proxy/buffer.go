package proxy

import (
	"sync"
)

// copyBuffers are shared by all copying in both directions.
type copyBuffers struct{ pool sync.Pool }

const copyBuffer = 32 << 10

func (b *copyBuffers) get() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	buffer := make([]byte, copyBuffer)
	return &buffer
}

func (b *copyBuffers) put(buffer *[]byte) { b.pool.Put(buffer) }
