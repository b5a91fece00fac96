package users

import (
	"math/rand/v2"
	"time"
)

// WaitTime says how long a user waits after a task before the next, ≥ 0. It is
// Locust's wait_time: take one of the functions below or write one. Draw from
// [User.WaitRand], so that a run can be repeated.
type WaitTime func(u *User) time.Duration

// Between draws uniformly from [shortest, longest).
func Between(shortest, longest time.Duration) WaitTime {
	return func(u *User) time.Duration {
		return shortest + time.Duration(u.WaitRand().Float64()*float64(longest-shortest))
	}
}

// Constant always waits d.
func Constant(d time.Duration) WaitTime {
	return func(*User) time.Duration { return d }
}

// ConstantPacing waits so that tasks begin d apart; after one that took longer
// than d the next begins at once.
func ConstantPacing(d time.Duration) WaitTime {
	return func(u *User) time.Duration { return max(0, d-time.Since(u.TaskStarted())) }
}

// slowest is the lowest rate whose waits a time.Duration can hold, per second.
const slowest = 1e-8

// ConstantThroughput is ConstantPacing for a rate: each user begins at most
// perSecond (> 0) tasks a second.
func ConstantThroughput(perSecond float64) WaitTime {
	if !(perSecond >= slowest) {
		panic("users.ConstantThroughput: the rate must be > 0")
	}
	return ConstantPacing(time.Duration(float64(time.Second) / perSecond))
}

// Poisson draws from the exponential distribution with mean 1/rate seconds
// (rate > 0), so that one user's tasks form a Poisson process if they take no
// time (Locust's poisson).
func Poisson(rate float64) WaitTime {
	if !(rate >= slowest) {
		panic("users.Poisson: the rate must be > 0")
	}
	return func(u *User) time.Duration {
		return time.Duration(u.WaitRand().ExpFloat64() / rate * float64(time.Second))
	}
}

// stream numbers keep a user's draws for one purpose apart from its others.
const (
	waitStream uint64 = iota
	choiceStream
	onStream
	offStream
	lengthStream
	gapStream
	startStream // where a stationary user begins: the others' draws begin with its life
	roleStream
)

// newStream makes the source of one user's draws for one purpose. PCG's state is
// 16 bytes, so that many users fit.
func newStream(seed uint64, worker, seat int, stream uint64) *rand.Rand {
	source := pcg(seed, worker, seat, stream)
	return rand.New(&source)
}

func pcg(seed uint64, worker, seat int, stream uint64) rand.PCG {
	return *rand.NewPCG(seed^uint64(worker)<<40, uint64(seat)<<8|stream)
}
