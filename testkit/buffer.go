// Package testkit is what the tests of several packages share.
package testkit

import (
	"bytes"
	"sync"
)

// Buffer is a writer that a test can read while others write. The zero value is empty.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// Close implements io.Closer. What was written stays there to be read.
func (b *Buffer) Close() error { return nil }

// String is what has been written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
