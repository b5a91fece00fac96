package worker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"
)

func TestFrameReadsWhatItWrote(t *testing.T) {
	for _, size := range []int{0, 1, 254, 255, 256, 257, 65535, 70000} {
		for _, f := range []frame{{}, {more: true}, {command: true}, {more: true, command: true}} {
			f.body = bytes.Repeat([]byte{0xa5}, size)
			wire := f.appendTo(nil)
			got, err := readFrame(iotest.OneByteReader(bytes.NewReader(wire)))
			if err != nil {
				t.Fatalf("%d bytes, more %v, command %v: %v", size, f.more, f.command, err)
			}
			if got.more != f.more || got.command != f.command || !bytes.Equal(got.body, f.body) {
				t.Errorf("%d bytes, more %v, command %v: read %v %v with %d bytes", size, f.more, f.command, got.more, got.command, len(got.body))
			}
		}
	}
}

func TestFramesStandBehindEachOther(t *testing.T) {
	wire := frame{body: []byte("first")}.appendTo(nil)
	wire = frame{command: true, body: make([]byte, 300)}.appendTo(wire)
	r := bytes.NewReader(wire)
	first, err1 := readFrame(r)
	second, err2 := readFrame(r)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if string(first.body) != "first" || len(second.body) != 300 || !second.command {
		t.Errorf("read %q, then %d bytes", first.body, len(second.body))
	}
	if _, err := readFrame(r); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v instead of EOF", err)
	}
}

// The wire form is that of RFC 23, byte by byte.
func TestFrameWireForm(t *testing.T) {
	rows := []struct {
		sentence string
		frame    frame
		head     []byte
	}{
		{"a short message has a one-byte size", frame{body: make([]byte, 255)}, []byte{0x00, 0xff}},
		{"a message above 255 bytes has an eight-byte size", frame{body: make([]byte, 256)}, []byte{0x02, 0, 0, 0, 0, 0, 0, 1, 0}},
		{"more frames to come set bit 0", frame{more: true}, []byte{0x01, 0x00}},
		{"a command sets bit 2", frame{command: true}, []byte{0x04, 0x00}},
		{"a long command sets bits 1 and 2", frame{command: true, body: make([]byte, 256)}, []byte{0x06, 0, 0, 0, 0, 0, 0, 1, 0}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			want := append(slices.Clone(row.head), row.frame.body...)
			if got := row.frame.appendTo(nil); !bytes.Equal(got, want) {
				t.Errorf("got % x…, want % x…", got[:min(16, len(got))], row.head)
			}
		})
	}
}

func TestFrameRefuses(t *testing.T) {
	long := func(flags byte, size uint64) []byte { return binary.BigEndian.AppendUint64([]byte{flags}, size) }
	rows := []struct {
		sentence string
		wire     []byte
		want     error
	}{
		{"an end between two frames is an end", nil, io.EOF},
		{"an end behind the flags is a broken frame", []byte{0}, io.ErrUnexpectedEOF},
		{"an end within a long size is a broken frame", []byte{2, 0, 0}, io.ErrUnexpectedEOF},
		{"an end before a long size's rest is a broken frame", []byte{2, 0}, io.ErrUnexpectedEOF},
		{"an end behind the head is a broken frame", []byte{0, 3}, io.ErrUnexpectedEOF},
		{"an end within the body is a broken frame", []byte{0, 3, 'a', 'b'}, io.ErrUnexpectedEOF},
		{"a long body that ends early is a broken frame", append(long(2, 1000), make([]byte, 999)...), io.ErrUnexpectedEOF},
		{"reserved flag 8 is refused", []byte{0x08, 0}, errFrame},
		{"reserved flag 128 is refused", []byte{0x80, 0}, errFrame},
		{"letters are refused", []byte("HTTP/1.1 200 OK\r\n"), errFrame},
		{"one byte above the limit is refused", long(2, maxFrame+1), errFrame},
		{"a size whose sign bit is set is refused", long(2, 1<<63), errFrame},
		{"the largest size there is is refused", long(6, ^uint64(0)), errFrame},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			if _, err := readFrame(bytes.NewReader(row.wire)); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func TestFrameTakesALongSizeForAShortBody(t *testing.T) {
	got, err := readFrame(bytes.NewReader([]byte{2, 0, 0, 0, 0, 0, 0, 0, 1, 'x'}))
	if err != nil || string(got.body) != "x" {
		t.Errorf("got %q, %v", got.body, err)
	}
}

func TestFramePassesOnAReadersError(t *testing.T) {
	broken := errors.New("broken")
	for n := range 6 {
		whole := frame{body: []byte("body")}.appendTo(nil)
		_, err := readFrame(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("an error after %d bytes: got %v", n, err)
		}
	}
}

// A length is only a promise: memory must grow with what arrives.
func TestFrameAllocatesNoMoreThanArrives(t *testing.T) {
	head := binary.BigEndian.AppendUint64([]byte{flagLong}, 60<<20)
	wire := slices.Concat(head, make([]byte, 1000))
	if got := allocated(func() {
		if _, err := readFrame(bytes.NewReader(wire)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	}); got > 64<<10 {
		t.Errorf("1000 bytes of 60 MiB took %d bytes of memory", got)
	}
}

// allocated is how many bytes f allocates, and everything that runs beside it.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
