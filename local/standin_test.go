//go:build unix

package local

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of this package start neither Locust nor Swell, except in real_test.go: this test binary, started with STANDIN
// set, stands in for both. It understands the same command lines and does of their behaviour what a test asks for. What a
// stand-in does it writes into the journal, a file with lines `part pid event`.
//
// Between the stand-ins, the master greets a worker with "hello" and ends it with "quit".
func TestMain(m *testing.M) {
	if os.Getenv("STANDIN") == "" {
		os.Exit(m.Run())
	}
	os.Exit(standIn(os.Args[1], os.Args[2:]))
}

func standIn(verb string, args []string) int {
	if verb != "parent" && signal.Ignored(os.Interrupt) {
		journal(verb, "was started with SIGINT ignored")
	}
	switch verb {
	case "target":
		return standInTarget(os.Getenv("STANDIN_TARGET"), args)
	case "worker":
		return standInWorker(os.Getenv("STANDIN_WORKER"), args)
	case "sleeper":
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		journal("sleeper", "started")
		select {}
	case "parent":
		return standInParent(args)
	}
	return standInMaster(os.Getenv("STANDIN_MASTER"), args)
}

func journal(part, event string) {
	file, err := os.OpenFile(os.Getenv("STANDIN_JOURNAL"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	fmt.Fprintf(file, "%s %d %s\n", part, os.Getpid(), event)
}

// value is what follows a flag.
func value(args []string, flag string) string {
	for i, arg := range args[:len(args)-1] {
		if arg == flag {
			return args[i+1]
		}
	}
	return ""
}

func signals() <-chan os.Signal {
	got := make(chan os.Signal, 8)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	return got
}

func listen(addr string) net.Listener {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	return listener
}

// standInTarget: "fails" or "".
func standInTarget(behaviour string, args []string) int {
	got := signals()
	if behaviour == "fails" {
		journal("target", "failed")
		return 5
	}
	journal("target", "started")
	defer listen(value(args, "--listen")).Close()
	journal("target", (<-got).String())
	return 0
}

// standInWorker: "fails" once it has joined, "locust" is replaced by a real Locust worker, or "".
func standInWorker(behaviour string, args []string) int {
	if behaviour == "locust" {
		path := os.Getenv("STANDIN_LOCUST")
		panic(syscall.Exec(path, append([]string{path, "-f", os.Getenv("STANDIN_LOCUSTFILE"), "--worker"}, args...), os.Environ()))
	}
	got := signals()
	conn, err := net.Dial("tcp", net.JoinHostPort(value(args, "--master-host"), value(args, "--master-port")))
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, "!")
	orders := make(chan string, 8)
	go func() {
		for scanner := bufio.NewScanner(conn); scanner.Scan(); {
			orders <- scanner.Text()
		}
		// As a Swell worker does, it waits for a lost master to come back: orders stays open.
	}()
	for {
		select {
		case order := <-orders:
			journal("worker", order)
			if order == "quit" {
				return 0
			}
			if behaviour == "fails" {
				return 7
			}
		case s := <-got:
			journal("worker", s.String())
			if s == syscall.SIGTERM {
				return 0
			}
		}
	}
}

// standInMaster: "refuses" its options, "ignores SIGINT", "ignores signals", "over N": ends the run with exit code N when
// all workers are there, "crashes N": then ends without a word to them, "leaves a child": leaves one behind when over, or "".
func standInMaster(behaviour string, args []string) int {
	got := signals()
	if behaviour == "refuses" {
		journal("master", "refused")
		fmt.Fprint(os.Stderr, "usage: ...\nlocust: error: unrecognized arguments: --wrong")
		return 2
	}
	if port := value(args, "--web-port"); port != "" {
		defer listen("127.0.0.1:" + port).Close()
	}
	journal("master", "started")
	var room room
	joined := room.open(listen("127.0.0.1:" + value(args, "--master-bind-port")))
	expected, _ := strconv.Atoi(value(args, "--expect-workers"))
	for {
		select {
		case n := <-joined:
			if n < expected {
				continue
			}
			switch what, code, _ := strings.Cut(behaviour, " "); what {
			case "leaves":
				leaveChild()
				return room.quit(0)
			case "over":
				code, _ := strconv.Atoi(code)
				return room.quit(code)
			case "crashes":
				code, _ := strconv.Atoi(code)
				return code
			}
		case s := <-got:
			journal("master", s.String())
			if behaviour == "ignores signals" || behaviour == "ignores SIGINT" && s == os.Interrupt {
				continue
			}
			return room.quit(0)
		}
	}
}

func leaveChild() {
	self, _ := os.Executable()
	cmd := exec.Command(self, "sleeper")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr // it holds the output open, too
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	for !strings.Contains(readJournal(os.Getenv("STANDIN_JOURNAL")), "sleeper") {
		time.Sleep(5 * time.Millisecond)
	}
}

// room is where the stand-in master has its workers.
type room struct {
	mu      sync.Mutex
	workers []net.Conn
}

// open lets workers in; it returns how many there are, each time it changes.
func (r *room) open(listener net.Listener) <-chan int {
	joined := make(chan int, 64) // more than any test has
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if looksIn(conn) {
				continue
			}
			r.mu.Lock()
			r.workers = append(r.workers, conn)
			fmt.Fprintln(conn, "hello")
			joined <- len(r.workers)
			r.mu.Unlock()
		}
	}()
	return joined
}

// looksIn tells a connection that is closed at once, which only asks whether somebody listens, from a worker. A worker of
// ours sends a byte first.
func looksIn(conn net.Conn) bool {
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err != nil
}

func (r *room) quit(code int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, worker := range r.workers {
		fmt.Fprintln(worker, "quit")
	}
	fmt.Print("the tables\nlast line without an end")
	journal("master", "ended")
	return code
}
