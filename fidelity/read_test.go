package fidelity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"swell/users"
)

// All that is wrong with the files is said at once, by file and line.
func TestBadFilesNameEveryProblem(t *testing.T) {
	_, err := Read(
		file("access.jsonl",
			asked(1, 1, 1, 1),
			`{"time":"2026-01-01T00:00:00Z","baggage":""}`,
			`{"duration_ms":1}`,
			`{"time":"2026-01-01T00:00:00Z","duration_ms":-1}`,
			`{"time":"yesterday","duration_ms":1}`,
			`{"time":`),
		[]File{
			file("w1.jsonl",
				moved(0, users.Unborn, users.On, 1, 1, 1, 0),
				`GET / 200`,
				`{}`,
				strings.Replace(moved(0, users.Unborn, users.On, 1, 1, 1, 0), `"to":"on"`, `"to":"asleep"`, 1),
				strings.Replace(moved(0, users.Unborn, users.On, 1, 1, 1, 0), `"to":"on",`, ``, 1),
				moved(0, users.Unborn, users.On, -1, 1, 1, 0),
				moved(0, users.Unborn, users.On, 1, 1, -1, 0),
				moved(0, users.Unborn, users.On, 1, 1, 1<<31, 0)),
			{"w2.jsonl", iotest.ErrReader(errors.New("input/output error"))},
			file("w3.jsonl", strings.Repeat("x", longestLine+1)),
		})
	const want = `w1.jsonl: line 2: must be a transition as JSON (invalid character 'G' looking for beginning of value)
w1.jsonl: line 3: at: must be there
w1.jsonl: line 4: must be a transition as JSON (must be unborn, on, off, away, draining, gone (got "asleep"))
w1.jsonl: line 5: to: must be there, and not unborn
w1.jsonl: line 6: for_s: must be a number of seconds ≥ 0
w1.jsonl: line 7: worker, seat, session, burst and task: must be ≥ 0
w1.jsonl: line 8: worker, seat, session, burst and task: must be < 2^31
w2.jsonl: must be a file that can be read (input/output error)
w3.jsonl: line 1: must not be longer than 1048576 bytes
access.jsonl: line 2: duration_ms: must be there
access.jsonl: line 3: time: must be there
access.jsonl: line 4: duration_ms: must be ≥ 0 (got -1)
access.jsonl: line 5: must be a request as JSON (parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006")
access.jsonl: line 6: must be a request as JSON (unexpected end of JSON input)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestAFileOfAnotherKindIsNotReadToItsEnd(t *testing.T) {
	_, err := Read(File{"access", endless{}}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != mostProblems || !strings.HasSuffix(err.Error(), "it has 10 problems up to line 10") {
		t.Errorf("got %v", err)
	}
}

// endless is a file of lines that are no JSON.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, strings.Repeat("x\n", len(b)/2)), nil }

func TestTooManyLinesAreRefused(t *testing.T) {
	r := &reader{left: 3}
	_, err := r.read(file("access", asked(1, 1, 1, 1), asked(2, 1, 1, 1)), []File{file("w", moved(0, users.Unborn, users.On, 1, 1, 1, 0), moved(1, users.On, users.On, 1, 1, 1, 1))})
	if err == nil || err.Error() != "access: line 2: must not be more than 20000000 lines in all files; take a shorter time" {
		t.Errorf("got %v", err)
	}
}

func TestALogIsReadAsItWasWritten(t *testing.T) {
	var b bytes.Buffer
	l := NewLog(&b, slog.New(slog.DiscardHandler))
	told := users.Transition{
		Worker: 3, Class: `A "quoted" class`, Seat: 17, Session: 2, Burst: 1, Task: 5, From: users.On, To: users.Off,
		At: epoch.Add(123456789), For: 20*time.Second + 1, Why: "burst over",
	}
	l.Moved(told)
	l.Flush()
	const want = `{"at":"2026-01-01T00:00:00.123456789Z","worker":3,"seat":17,"class":"A \"quoted\" class","session":2,"burst":1,"task":5,` +
		`"from":"on","to":"off","for_s":20.000000001,"why":"burst over"}` + "\n"
	if b.String() != want {
		t.Errorf("wrote\n%swant\n%s", b.String(), want)
	}
	l.Close()
	e := &Evidence{users: map[seat]*user{}}
	if err := e.transition(1, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	got := e.users[seat{3, 17}].moments[0]
	if want := (moment{told.At.UnixNano(), told.For, 2, 1, 5, users.On, users.Off}); got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

// Whatever the files hold, the tool ends with a report or a problem.
func FuzzRead(f *testing.F) {
	l := flawless()
	f.Add(strings.Join(l.access, "\n"), strings.Join(l.transitions, "\n"))
	f.Add("", "")
	f.Fuzz(func(t *testing.T, access, transitions string) {
		e, err := Read(file("a", access), []File{file("t", transitions)})
		if err != nil {
			return
		}
		r := e.Judge(Terms{})
		if err := r.Write(io.Discard); err != nil {
			t.Fatal(err)
		}
		_ = fmt.Sprint(r.Violations())
	})
}
