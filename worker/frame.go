package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ZMTP 3 on the wire (RFC 23, https://rfc.zeromq.org/spec/23/): a greeting of 64
// bytes, then frames of one flag byte, a size of 1 or 8 bytes, and the body.
const (
	greetingSize = 64

	flagMore    = 1 << 0
	flagLong    = 1 << 1
	flagCommand = 1 << 2

	// maxFrame is above anything Locust sends (a spawn message with huge custom
	// arguments is kilobytes), and keeps a broken length from eating the memory.
	maxFrame = 64 << 20
)

var errFrame = errors.New("not a ZMTP frame")

// frame is one ZMTP frame. long is derived from the body when written.
type frame struct {
	more, command bool
	body          []byte
}

// readFrame reads one frame. Its memory grows with what really arrives, not with
// the length that was announced.
func readFrame(r io.Reader) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return frame{}, err
	}
	flags := head[0]
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return frame{}, fmt.Errorf("%w: reserved flags %#x", errFrame, flags)
	}
	size := uint64(head[1])
	if flags&flagLong != 0 {
		if _, err := io.ReadFull(r, head[2:9]); err != nil {
			return frame{}, unexpected(err)
		}
		size = binary.BigEndian.Uint64(head[1:9])
	}
	if size > maxFrame {
		return frame{}, fmt.Errorf("%w: %d bytes announced, at most %d are taken", errFrame, size, maxFrame)
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return frame{}, err
	}
	if uint64(len(body)) < size {
		return frame{}, io.ErrUnexpectedEOF
	}
	return frame{more: flags&flagMore != 0, command: flags&flagCommand != 0, body: body}, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendTo appends the frame's wire form to b.
func (f frame) appendTo(b []byte) []byte {
	var flags byte
	if f.more {
		flags |= flagMore
	}
	if f.command {
		flags |= flagCommand
	}
	if len(f.body) > 255 {
		b = append(b, flags|flagLong)
		b = binary.BigEndian.AppendUint64(b, uint64(len(f.body)))
	} else {
		b = append(b, flags, byte(len(f.body)))
	}
	return append(b, f.body...)
}
