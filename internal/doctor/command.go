package doctor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// checkCommand looks for the app's program, and for the files it is given.
func (e *examination) checkCommand(ctx context.Context, report report) {
	if len(e.Command) == 0 {
		report(Skipped, "There is no command: the app runs already.", "")
		return
	}
	rendered, err := e.render(e.Command)
	if err != nil {
		report(Failed, sentence(err), "Correct the command line; jhsingle-native-proxy --help lists what can stand in braces.")
		return
	}
	path := e.get("PATH")
	if e.Interpreter != nil {
		// The app gets the PATH of its environment; whether there is one, the
		// check of that name says.
		if _, environ, err := e.Interpreter(ctx); err == nil {
			if found, ok := environment.Lookup(environ, "PATH"); ok {
				path = found
			}
		}
	}
	program, err := lookPath(rendered[0], path, e.dir())
	if err != nil {
		e.noProgram(rendered[0], path, err, report)
	} else if broken := brokenFirstLine(program); broken != "" {
		report(Failed, fmt.Sprintf("%s is there, but its first line wants %s, which is not.", program, broken), "The environment that it was installed into was moved or deleted: install it again.")
	} else {
		report(OK, fmt.Sprintf("The command is %s.", program), "")
	}
	e.checkFiles(rendered, report)
}

// render puts example values for what is known only at a start.
func (e *examination) render(texts []string) ([]string, error) {
	all := process.Variables{"port": "1024", "unix_socket": "/tmp/app.sock", "origin_host": "localhost", "-": "-", "--": "--"}
	maps.Copy(all, e.Variables)
	return all.RenderAll(texts)
}

func (e *examination) noProgram(name, path string, err error, report report) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		report(Failed, fmt.Sprintf("%s is there, but cannot be run.", name), "It has to be a file that this user may execute (chmod +x), on a file system that allows it.")
	case strings.Contains(name, "/"):
		advice := "Correct the path; a relative one begins at " + e.dir() + "."
		if near := nearestFile(absolute(name, e.dir())); near != "" {
			advice = fmt.Sprintf("There is %s. ", near) + advice
		}
		report(Failed, fmt.Sprintf("There is no program %s.", name), advice)
	default:
		advice := "Install it in the environment that this server runs in, or give its whole path."
		if near := suggest.First(name, programs(path, e.dir())); near != "" {
			advice = fmt.Sprintf("Is %s meant? Otherwise: ", near) + strings.ToLower(advice[:1]) + advice[1:]
		}
		if e.EnvironmentName != "" {
			advice += fmt.Sprintf(" It was looked for in %s, too.", e.EnvironmentName)
		}
		report(Failed, fmt.Sprintf("The command %s is not on the PATH.", name), advice)
	}
}

// lookPath finds a program as the app's start does, but by the app's PATH and
// from the app's folder. The error wraps fs.ErrPermission for one that cannot
// be run, and is fs.ErrNotExist if there is none.
func lookPath(name, path, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return runnable(absolute(name, dir))
	}
	result := error(fs.ErrNotExist)
	for _, folder := range filepath.SplitList(path) {
		found, err := runnable(filepath.Join(absolute(folder, dir), name))
		if err == nil {
			return found, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			result = err
		}
	}
	return "", result
}

func runnable(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", err
	case info.IsDir() || info.Mode().Perm()&0o111 == 0 || !executable(file):
		return "", fs.ErrPermission
	}
	return file, nil
}

func absolute(path, dir string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// programs are the names of all programs on a PATH.
func programs(path, dir string) (names []string) {
	for _, folder := range filepath.SplitList(path) {
		entries, err := os.ReadDir(absolute(folder, dir))
		if err != nil {
			continue
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
	}
	return names
}

// brokenFirstLine returns the interpreter that a script wants and that is not
// there. The kernel then says of the script that it does not exist.
func brokenFirstLine(file string) string {
	f, err := os.Open(file) // #nosec G304 -- the command that the operator asks about
	if err != nil {
		return ""
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 512).ReadSlice('\n')
	if err != nil || !bytes.HasPrefix(line, []byte("#!")) {
		return ""
	}
	fields := strings.Fields(string(line[2:]))
	if len(fields) == 0 || !filepath.IsAbs(fields[0]) {
		return ""
	}
	if _, err := os.Stat(fields[0]); errors.Is(err, fs.ErrNotExist) {
		return fields[0]
	}
	return ""
}

// fileEndings are those by which an argument is taken for a file.
var fileEndings = []string{".ipynb", ".py", ".r", ".rmd", ".qmd", ".jl", ".js", ".mjs", ".sh", ".toml", ".yaml", ".yml", ".json", ".ini", ".conf", ".html", ".md", ".csv", ".parquet", ".db", ".pem", ".crt", ".key"}

// checkFiles looks for the arguments that look like files. That is a guess, so
// one that is not there is only a warning.
func (e *examination) checkFiles(rendered []string, report report) {
	if e.Repo != "" {
		return // they come with the repository
	}
	if path := e.Variables["presentation_path"]; path != "" {
		e.checkFile(path, "--presentation-path", report)
	}
	for i, argument := range rendered[1:] {
		raw := e.Command[i+1]
		if strings.Contains(raw, "{presentation_") || strings.ContainsAny(argument, " \t\n;|&$*?<>`\"'(),") || strings.Contains(argument, "://") {
			continue
		}
		if strings.HasPrefix(argument, "-") {
			_, value, ok := strings.Cut(argument, "=")
			if !ok {
				continue
			}
			argument = value
		}
		if slices.Contains(fileEndings, strings.ToLower(filepath.Ext(argument))) {
			e.checkFile(absolute(argument, e.dir()), "the command", report)
		}
	}
}

func (e *examination) checkFile(path, by string, report report) {
	_, err := os.Stat(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		advice := "Correct the path; a relative one begins at " + e.dir() + "."
		if near := nearestFile(path); near != "" {
			advice = fmt.Sprintf("There is %s. ", near) + advice
		}
		report(Warning, fmt.Sprintf("%s, named by %s, is not there.", path, by), advice)
	default:
		report(Warning, fmt.Sprintf("%s, named by %s, cannot be looked at: %v.", path, by, err), "The app runs as the same user, and needs the right to read it.")
	}
}

// nearestFile is the file of the same folder whose name is nearest.
func nearestFile(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	if near := suggest.First(filepath.Base(path), names); near != "" {
		return filepath.Join(filepath.Dir(path), near)
	}
	return ""
}

// checkEnvironment resolves the conda or virtual environment.
func (e *examination) checkEnvironment(ctx context.Context, report report) {
	if e.Interpreter == nil {
		report(Skipped, "No conda or virtual environment is asked for.", "")
		return
	}
	path, _, err := e.Interpreter(ctx)
	if err != nil {
		report(Failed, sentence(err), "Correct --conda-env: it is the name or the folder of an environment on this machine.")
		return
	}
	report(OK, fmt.Sprintf("The environment %s runs the app by %s.", e.EnvironmentName, path), "")
}

// remoteLimit bounds the question to a git server.
const remoteLimit = 10 * time.Second

// checkRepository asks the git server for the repository's branches.
func (e *examination) checkRepository(ctx context.Context, report report) {
	if e.Repo == "" {
		report(Skipped, "No git repository is asked for.", "")
		return
	}
	if _, err := lookPath("git", e.get("PATH"), e.dir()); err != nil {
		report(Failed, "git is not on the PATH, but --repo needs it.", "Install git (Debian: apt install git).")
		return
	}
	if e.RepoFolder != "" {
		e.checkRepoFolder(report)
	}
	if e.Remote == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, remoteLimit)
	defer cancel()
	switch err := e.Remote(ctx); {
	case err == nil:
		report(OK, fmt.Sprintf("The git repository %s answers.", e.Repo), "")
	case isTimeout(err) || ctx.Err() != nil:
		report(Failed, fmt.Sprintf("The git repository %s did not answer within %s.", e.Repo, remoteLimit), "See whether its server can be reached from here, and whether git needs a proxy (git config http.proxy).")
	default:
		report(Failed, fmt.Sprintf("The git repository %s cannot be read: %s.", e.Repo, clip(err.Error(), 400)), "Correct --repo; a private one needs a token (--repo-token-file), an SSH key, or a credential helper.")
	}
}

func (e *examination) checkRepoFolder(report report) {
	// The nearest folder above that exists is where it will be made.
	folder := absolute(e.RepoFolder, e.dir())
	for {
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			report(Failed, fmt.Sprintf("%s, which is on the way to --repofolder, is not a folder.", folder), "Choose another.")
			return
		}
		if err == nil {
			break
		}
		if parent := filepath.Dir(folder); parent != folder {
			folder = parent
			continue
		}
		return
	}
	if !writable(folder) {
		report(Failed, fmt.Sprintf("This user may not write into %s, where the repository is to go (--repofolder).", folder), "Choose another folder, or get the right to write there.")
	}
}
