package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// parseOptions reads what Pulumi.yaml says under runtime.options.
func parseOptions(info *pulumirpc.ProgramInfo) (toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{Root: info.RootDirectory, ProgramDir: info.ProgramDirectory}
	for name, value := range info.Options.AsMap() {
		text, ok := value.(string)
		if !ok {
			return options, fmt.Errorf("the runtime option %q must be a string", name)
		}
		switch name {
		case "virtualenv":
			options.Virtualenv = text
		case "toolchain":
			switch text {
			case "pip":
				options.Toolchain = toolchain.Pip
			case "poetry":
				options.Toolchain = toolchain.Poetry
			case "uv":
				options.Toolchain = toolchain.Uv
			default:
				return options, fmt.Errorf("the runtime option toolchain must be pip, poetry or uv, not %q", text)
			}
		case "typechecker":
			return options, errors.New(
				"this language host runs no type checker: leave the runtime option typechecker out")
		}
	}
	return options, nil
}

// pluginOptions are a plugin's: it never runs in whatever Python is on PATH.
func pluginOptions(options toolchain.PythonOptions) toolchain.PythonOptions {
	if options.Virtualenv == "" && (options.Toolchain == toolchain.Auto || options.Toolchain == toolchain.Pip) {
		options.Virtualenv = "venv"
	}
	return options
}

// environment is the Python that a program runs with: the virtual environment that Pulumi.yaml names, else
// PULUMI_PYTHON_CMD, else the python3 on PATH.
func environment(ctx context.Context, info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options, err := parseOptions(info)
	if err != nil {
		return nil, err
	}
	return checked(ctx, options)
}

func checked(ctx context.Context, options toolchain.PythonOptions) (toolchain.Toolchain, error) {
	python, err := toolchain.ResolveToolchain(options)
	if err != nil {
		return nil, err
	}
	if python.ValidateVenv(ctx) != nil {
		return nil, fmt.Errorf("the virtual environment %q, which Pulumi.yaml names, is not there: "+
			"`pulumi install` makes it", options.Virtualenv)
	}
	return python, nil
}

// requiredPackages are the plugins that the installed Python packages ask for, each in a pulumi-plugin.json.
// Read from disk: asking pip for the same takes 0.3 s of every preview.
func requiredPackages(ctx context.Context, python toolchain.Toolchain) ([]*pulumirpc.PackageDependency, error) {
	folders, err := sitePackages(ctx, python)
	if err != nil {
		return nil, err
	}
	var packages []*pulumirpc.PackageDependency
	for _, folder := range folders {
		found, err := filepath.Glob(filepath.Join(folder, "*", "pulumi-plugin.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			one, err := requiredPackage(file)
			if err != nil {
				return nil, err
			}
			if one != nil {
				packages = append(packages, one)
			}
		}
	}
	return packages, nil
}

func requiredPackage(file string) (*pulumirpc.PackageDependency, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // uninstalled meanwhile
		}
		return nil, err
	}
	var plugin struct {
		Resource                  bool
		Name, Version, Server     string
		Parameterization          *parameterization
		ExtensionParameterization *parameterization
	}
	if err := json.Unmarshal(content, &plugin); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if !plugin.Resource {
		return nil, nil
	}
	module := filepath.Base(filepath.Dir(file))
	if plugin.Name == "" {
		plugin.Name = strings.ReplaceAll(strings.TrimPrefix(module, "pulumi_"), "_", "-")
	}
	if plugin.Version == "" {
		installed, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "..", module+"-*.dist-info"))
		if len(installed) == 0 {
			return nil, nil
		}
		plugin.Version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(installed[0]), module+"-"), ".dist-info")
	}
	return &pulumirpc.PackageDependency{
		Kind:             "resource",
		Name:             plugin.Name,
		Version:          plugin.Version,
		Server:           plugin.Server,
		Parameterization: plugin.Parameterization.message(),
		Extension:        plugin.ExtensionParameterization.message(),
	}, nil
}

type parameterization struct {
	Name, Version string
	Value         []byte
}

func (p *parameterization) message() *pulumirpc.PackageParameterization {
	if p == nil {
		return nil
	}
	return &pulumirpc.PackageParameterization{Name: p.Name, Version: p.Version, Value: p.Value}
}

func sitePackages(ctx context.Context, python toolchain.Toolchain) ([]string, error) {
	folder, err := python.VirtualEnvPath(ctx)
	if err != nil {
		return nil, err
	}
	if folder != "" {
		return filepath.Glob(filepath.Join(folder, "lib", "python*", "site-packages"))
	}
	command, err := python.Command(ctx, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
	if err != nil {
		return nil, err
	}
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s does not work: %w", command.Path, err)
	}
	return []string{strings.TrimSpace(string(output))}, nil
}
