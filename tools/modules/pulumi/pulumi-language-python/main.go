// Command pulumi-language-python runs Pulumi programs that are written in Python.
//
// The engine starts it as `pulumi-language-python [flags] ENGINE_ADDRESS`, reads from its standard
// output the port that it serves, and calls it there (service LanguageRuntime of pulumi/language.proto).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// What the engine itself allows: a stack's configuration and a plugin's output can be large.
const maxMessageBytes = 400 * 1024 * 1024

func main() {
	// The engine passes its own logging flags on.
	flags := flag.NewFlagSet("pulumi-language-python", flag.ExitOnError)
	flags.String("tracing", "", "ignored")
	flags.Bool("logtostderr", false, "ignored")
	flags.Int("v", 0, "ignored")
	_ = flags.Parse(os.Args[1:])

	// The engine ends its plugins with SIGINT, and kills them when they are still there after 5 s.
	// Asking for the signal also undoes that a process in the background of a shell ignores it.
	stopping, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go stopWithEngine(stop)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
	host := &host{engine: flags.Arg(0), stopping: stopping}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageBytes), grpc.MaxSendMsgSize(maxMessageBytes))
	pulumirpc.RegisterLanguageRuntimeServer(server, host)
	go func() {
		if err := server.Serve(listener); err != nil {
			fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
			os.Exit(1)
		}
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)

	<-stopping.Done()
	host.running.Wait()
}

// stopWithEngine ends the host when the engine is gone without a word (killed): the engine holds the other
// end of standard input open for as long as it lives, and never writes there.
func stopWithEngine(stop func()) {
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}
}
