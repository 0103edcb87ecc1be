package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host answers the engine. Calls that are not here (code generation, `pulumi new`'s questions) are answered
// as not implemented, which the engine takes as such.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine   string          // the engine's address
	stopping context.Context // done when the host is to end
	running  sync.WaitGroup  // the programs and plugins that run
}

// Handshake comes from an engine that did not start this process itself.
func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = request.EngineAddress
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *host) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	python, err := environment(ctx, request.Info)
	if err != nil {
		return nil, err
	}
	packages, err := requiredPackages(ctx, python)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

func (h *host) GetProgramDependencies(
	ctx context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	python, err := environment(ctx, request.Info)
	if err != nil {
		return nil, err
	}
	installed, err := python.ListPackages(ctx, request.TransitiveDependencies)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range installed {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version})
	}
	return response, nil
}

func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	python, err := environment(ctx, request.Info)
	if err != nil {
		return nil, err
	}
	about, err := python.About(ctx)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: about.PythonExecutable, Version: about.PythonVersion.String()}, nil
}

// InstallDependencies is `pulumi install`: it makes the virtual environment and installs the requirements.
func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	options, err := parseOptions(request.Info)
	if err != nil {
		return err
	}
	if request.IsPlugin {
		options = pluginOptions(options)
	}
	python, err := toolchain.ResolveToolchain(options)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, request.IsTerminal)
	if err != nil {
		return err
	}
	defer closer.Close()
	err = python.InstallDependencies(server.Context(), request.Info.ProgramDirectory,
		request.UseLanguageVersionTools, true, stdout, stderr)
	if err != nil {
		return err
	}
	return closer.Close()
}

// reportError shows a message as the program's own error.
func (h *host) reportError(ctx context.Context, message string) error {
	connection, err := grpc.NewClient(h.engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("could not reach the engine: %w", err)
	}
	defer connection.Close()
	_, err = pulumirpc.NewEngineClient(connection).Log(ctx,
		&pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_ERROR, Message: message})
	return err
}
