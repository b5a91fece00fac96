package worker

import (
	"errors"
	"fmt"
	"math"

	"github.com/ugorji/go/codec"
)

// message is what Locust's master and workers exchange: a msgpack array of type,
// data and node id (locust/rpc/protocol.py).
type message struct {
	kind string
	data any
	node string
}

var (
	errMessage = errors.New("not a Locust message")

	wireFormat = func() *codec.MsgpackHandle {
		h := &codec.MsgpackHandle{WriteExt: true}
		h.RawToString = true
		// Lengths that are announced are not believed: lists grow with what comes.
		h.MaxInitLen = 16
		h.MaxDepth = 64
		return h
	}()
)

func decodeMessage(body []byte) (message, error) {
	var parts []any
	if err := codec.NewDecoderBytes(body, wireFormat).Decode(&parts); err != nil {
		return message{}, fmt.Errorf("%w: %w", errMessage, err)
	}
	if len(parts) != 3 {
		return message{}, fmt.Errorf("%w: %d parts instead of 3", errMessage, len(parts))
	}
	kind, ok := parts[0].(string)
	if !ok {
		return message{}, fmt.Errorf("%w: its type is a %T", errMessage, parts[0])
	}
	node, _ := parts[2].(string)
	return message{kind: kind, data: plain(parts[1]), node: node}, nil
}

func (m message) encode() ([]byte, error) {
	var body []byte
	if err := codec.NewEncoderBytes(&body, wireFormat).Encode([]any{m.kind, m.data, m.node}); err != nil {
		return nil, fmt.Errorf("encode %s message: %w", m.kind, err)
	}
	return body, nil
}

// fields is the data of a message that has named ones; nil otherwise.
func (m message) fields() map[string]any {
	f, _ := m.data.(map[string]any)
	return f
}

// plain turns msgpack's maps with keys of any kind into maps with string keys.
func plain(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			if s, ok := key.(string); ok {
				m[s] = plain(value)
			} else {
				m[fmt.Sprint(key)] = plain(value)
			}
		}
		return m
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case []byte:
		return string(v)
	case uint64:
		if v <= math.MaxInt64 { // whole numbers are int64 wherever they fit
			return int64(v)
		}
		return v
	default:
		return v
	}
}

// number reads a msgpack integer or float.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, true
	case float32:
		return float64(n), true
	default:
		return 0, false
	}
}
