package singleuser

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// source is what the app is made of: a git repository, an interpreter.
type source struct {
	repo          string
	repoBranch    string
	repoFolder    string
	repoDepth     int
	repoTokenFile string
	condaEnv      string
}

func (o *source) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.repo, "repo", "", "`URL` of a git repository that is fetched before the app is started; a user's changes in it are kept")
	flags.StringVar(&o.repoBranch, "repobranch", "", "`branch`, tag or commit of it (default: the repository's own default branch)")
	flags.StringVar(&o.repoFolder, "repofolder", ".", "`folder` that holds it, and in which the app runs")
	o.repoDepth = 1
	flags.Var(setting.Number(&o.repoDepth, 0, 1<<30, "number"), "repo-depth", "`number` of commits to fetch, 0 for all (default: NBGITPULLER_DEPTH, else 1)")
	flags.Lookup("repo-depth").DefValue = ""
	flags.StringVar(&o.repoTokenFile, "repo-token-file", "", "`file` with a token for a private repository; or set JHSINGLE_REPO_TOKEN")
	flags.StringVar(&o.condaEnv, "conda-env", "", "`name` or path of the conda, mamba, venv or uv environment that the app runs in")
}

// inRepo says that the environment is a folder that may come with the
// repository, so that it cannot be looked for before.
func (o *source) envInRepo() bool {
	return o.repo != "" && strings.ContainsRune(o.condaEnv, '/')
}
