package docker

// secretNames are names of files and folders that hold secrets, wherever they are
// below a home, and secretPaths those at one place in it.
var (
	secretNames = map[string]bool{
		".env": true, ".netrc": true, ".git-credentials": true, ".pypirc": true, ".pgpass": true, ".my.cnf": true,
		".ssh": true, ".gnupg": true, ".aws": true, ".azure": true, ".kube": true, ".password-store": true,
	}
	secretPaths = map[string]bool{
		".config/gcloud": true, ".config/gh": true, ".config/rclone": true, ".config/hub": true, ".docker/config.json": true,
		".huggingface/token": true, ".cache/huggingface/token": true, ".kaggle": true, ".databrickscfg": true, ".condarc.token": true,
		".local/share/jupyter/runtime": true, ".bash_history": true, ".python_history": true, ".ipython/profile_default/history.sqlite": true,
	}
)
