package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

const (
	// The file beside this program that runs a Pulumi program; the two are installed together.
	runner = "run_program.py"
	// The runner's exit code for: the error has been shown already.
	errorWasShown = 32
	// The file descriptor on which the runner reads its settings. Not an environment variable and no
	// arguments: configuration can hold secrets, and those would be seen by all that the program starts.
	settingsDescriptor = 3
	// How long a program has to end by itself once it is told to.
	grace = time.Second
)

// settings are what the runner needs to know, as JSON.
type settings struct {
	Monitor          string            `json:"monitor"`
	Engine           string            `json:"engine"`
	Project          string            `json:"project"`
	Stack            string            `json:"stack"`
	Organization     string            `json:"organization"`
	RootDirectory    string            `json:"root_directory"`
	Directory        string            `json:"directory"`
	Program          string            `json:"program"`
	Arguments        []string          `json:"arguments"`
	Parallel         int32             `json:"parallel"`
	DryRun           bool              `json:"dry_run"`
	Config           map[string]string `json:"config"`
	ConfigSecretKeys []string          `json:"config_secret_keys"`
}

// Run runs the program to its end, in the main thread of a process of its own: it may call sys.exit, die or
// change the process as it likes. What it prints goes out as it comes, through descriptors that it inherits.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	python, err := environment(ctx, request.Info)
	if err != nil {
		return h.bail(ctx, err.Error())
	}
	if request.AttachDebugger {
		return h.bail(ctx, "this language host starts no debugger: call debugpy.listen in the program")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command, err := python.Command(ctx, filepath.Join(filepath.Dir(self), runner))
	if err != nil {
		return h.bail(ctx, err.Error())
	}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	command.ExtraFiles = []*os.File{read} // the first extra file is descriptor 3, settingsDescriptor
	go func() {
		defer write.Close()
		// A program that can't start leaves its settings unread; that it failed is seen below.
		_ = json.NewEncoder(write).Encode(settings{
			Monitor:          request.MonitorAddress,
			Engine:           h.engine,
			Project:          request.Project,
			Stack:            request.Stack,
			Organization:     request.Organization,
			RootDirectory:    request.Info.RootDirectory,
			Directory:        request.Pwd,
			Program:          request.Info.EntryPoint,
			Arguments:        request.Args,
			Parallel:         request.Parallel,
			DryRun:           request.DryRun,
			Config:           request.Config,
			ConfigSecretKeys: request.ConfigSecretKeys,
		})
	}()

	err = h.runToEnd(ctx, command)
	var ended *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case ctx.Err() != nil || h.stopping.Err() != nil:
		return nil, errors.New("the program was stopped")
	case !errors.As(err, &ended):
		return h.bail(ctx, fmt.Sprintf("the program could not be run: %v", err))
	case ended.ExitCode() == errorWasShown:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case ended.Sys().(syscall.WaitStatus).Signaled():
		signal := ended.Sys().(syscall.WaitStatus).Signal()
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program was ended by a signal: %v", signal)}, nil
	default:
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("the program exited with code %d", ended.ExitCode()),
		}, nil
	}
}

// RunPlugin runs a plugin (a provider, say) that is written in Python until the engine ends the call.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	ctx := server.Context()
	options, err := parseOptions(request.Info)
	if err != nil {
		return err
	}
	python, err := checked(ctx, pluginOptions(options))
	if err != nil {
		return err
	}
	arguments := []string{request.Info.ProgramDirectory}
	if _, err := os.Stat(filepath.Join(request.Info.ProgramDirectory, "__main__.py")); err != nil {
		project, err := toolchain.LoadPyproject(request.Info.ProgramDirectory)
		if err != nil {
			return fmt.Errorf("the plugin in %s has neither a __main__.py nor a pyproject.toml: %w",
				request.Info.ProgramDirectory, err)
		}
		arguments = []string{"-m", "pulumi.run.plugin", project.Project.Name}
	}
	command, err := python.Command(ctx, append(arguments, request.Args...)...)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	command.Dir = request.Pwd
	command.Env = append(command.Environ(), request.Env...)
	command.Stdout, command.Stderr = stdout, stderr

	err = h.runToEnd(ctx, command)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return server.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(ended.ExitCode())},
		})
	}
	return err
}

// runToEnd runs a command until it ends, or is to end because the call or the host is: then it gets a
// SIGTERM, and after a second it and all that it started are killed.
func (h *host) runToEnd(ctx context.Context, command *exec.Cmd) error {
	h.running.Add(1)
	defer h.running.Done()
	// A group of its own: what the engine sends to the host's group reaches the host alone, and Python
	// prints no traceback for a KeyboardInterrupt.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(command.SysProcAttr)
	// Linux ties that to the thread that starts the process, so the thread has to stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command.Cancel = func() error { return nil } // the group is ended below, not just its leader
	if err := command.Start(); err != nil {
		return err
	}
	over := make(chan struct{})
	ending := make(chan struct{})
	go func() {
		defer close(ending)
		select {
		case <-over:
			return
		case <-ctx.Done():
		case <-h.stopping.Done():
		}
		group := -command.Process.Pid
		_ = syscall.Kill(group, syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(grace):
		}
		_ = syscall.Kill(group, syscall.SIGKILL)
	}()
	err := command.Wait()
	close(over)
	<-ending
	return err
}

// bail shows an error and tells the engine that it has been shown.
func (h *host) bail(ctx context.Context, message string) (*pulumirpc.RunResponse, error) {
	if err := h.reportError(ctx, message); err != nil {
		return nil, fmt.Errorf("%s (%w)", message, err)
	}
	return &pulumirpc.RunResponse{Bail: true}, nil
}
