package worker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func FuzzReadFrame(f *testing.F) {
	for _, body := range locustMessages(f) {
		f.Add(frame{body: body}.appendTo(nil))
	}
	f.Add(frame{command: true, body: []byte("\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00")}.appendTo(nil))
	f.Add(frame{more: true, body: make([]byte, 300)}.appendTo(nil))
	f.Add(binary.BigEndian.AppendUint64([]byte{flagLong}, maxFrame))
	f.Add(binary.BigEndian.AppendUint64([]byte{flagLong}, 1<<63))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		for {
			rest := wire[len(wire)-r.Len():]
			f, err := readFrame(r)
			if err != nil {
				if !errors.Is(err, errFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an error of its own kind: %v", err)
				}
				return
			}
			used := rest[:len(rest)-r.Len()]
			again := f.appendTo(nil)
			if canonical := used[0]&flagLong == 0 || len(f.body) > 255; canonical && !bytes.Equal(again, used) {
				t.Fatalf("read % x and wrote % x", used, again)
			}
			if copied, err := readFrame(bytes.NewReader(again)); err != nil || !reflect.DeepEqual(copied, f) {
				t.Fatalf("wrote % x and read %+v, %v", again, copied, err)
			}
		}
	})
}

// odd are bodies that are no good messages, or hardly so.
func odd() []string {
	return []string{
		"", "\xc1", "\x93", "\xdd\xff\xff\xff\xff", "\x93\xa1t\xdf\xff\xff\xff\xff\xa1n",
		"\x93\xa1t\x81\x81\xa1a\x01\x02\xa1n", "\x93\xa1t\x81\x92\x01\x02\x03\xa1n", "\x93\xa1t\x82\xc0\x01\xc3\x02\xa1n",
		"\x93\xa1t\x81\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01\xc0\xa1n", // a key that is NaN
		"\x93\xa1t\xd6\xff\x00\x00\x00\x01\xa1n",                     // a timestamp, msgpack's extension -1
		"\x93\xa1t\xc7\x03\x05abc\xa1n",                              // an extension nobody knows
		"\x93\xa1t\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1n",         // the largest number
		"\x93\xa1t" + strings.Repeat("\x91", 2000) + "\xc0\xa1n",
		"\x93\xa5spawn\x81\xb2user_classes_count\x81\xa1A\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1n",
		"\x93\xa5spawn\x81\xb2user_classes_count\x81\xa1A\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01\xa1n",
		"\x93\xa5spawn\x82\xb2user_classes_count\x81\xa1A\x01\xacstop_timeout\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xa1n",
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, body := range locustMessages(f) {
		f.Add(body)
	}
	for _, body := range odd() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeMessage(body)
		if err != nil {
			if !errors.Is(err, errMessage) {
				t.Fatalf("an error of its own kind: %v", err)
			}
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %#v: %v", m, err)
		}
		if _, err := decodeMessage(again); err != nil {
			t.Fatalf("what was written cannot be read: %#v: %v", m, err)
		}
	})
}

func FuzzParseOrder(f *testing.F) {
	for _, body := range locustMessages(f) {
		f.Add(body)
	}
	for _, body := range odd() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeMessage(body)
		if err != nil {
			return
		}
		o, err := parseOrder(m)
		if err != nil {
			if !errors.Is(err, errMessage) {
				t.Fatalf("an error of its own kind: %v", err)
			}
			return
		}
		for class, n := range o.target {
			if n < 0 || n > maxUsersPerClass {
				t.Fatalf("%d users of %q", n, class)
			}
		}
		if o.test.StopTimeout < 0 || o.test.StopTimeout > 24*time.Hour {
			t.Fatalf("a stop timeout of %v", o.test.StopTimeout)
		}
		if strings.HasSuffix(o.test.Host, "/") {
			t.Fatalf("the host %q", o.test.Host)
		}
		o.test.Tags()
		o.test.ExcludedTags()
		o.test.ResetStats()
	})
}
