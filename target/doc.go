// Package target is the service that Swell's demo, its tests and its
// benchmarks send load to: a small payment service, in memory, on net/http.
//
// It owns a seeded catalogue of merchants, payments that can be created,
// searched and amended, payment intents that settle in the background, replay
// of idempotent requests, a landing page with static assets, and an access log
// that shows what really arrived. It does not own authentication, storage or
// TLS, and it is never imported outside app and tests.
//
// It adds little to the CPU that net/http's server costs by itself: every entity
// is kept beside its JSON, so that reading one copies bytes, and entities live
// in rings addressed by the number inside their id. BenchmarkLoopback measures
// it against a client. It is honest in what it answers: every error is an RFC
// 9457 problem, and what it cannot understand it refuses rather than ignores.
//
//	srv := target.New(target.Options{AccessLog: os.Stdout})
//	ln, err := net.Listen("tcp", "127.0.0.1:8080")
//	if err != nil {
//		return err
//	}
//	return srv.Serve(ctx, ln) // until ctx ends
package target
