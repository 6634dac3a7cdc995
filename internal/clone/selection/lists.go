package selection

// What is left out of a copy of somebody's home by itself, in the format of
// .gitignore and relative to the home. A line of .dashboardignore that names one
// of these without a wildcard, such as "!.env", brings it in.

// secrets are what proves to others who somebody is, and what tells of that. They
// are in small letters, and mean names in any. A dashboard's viewers can often
// make an app show any file beside it.
const secrets = `
# Keys of SSH, also where they lie about, and which hosts somebody uses.
.ssh/
id_rsa*
id_dsa*
id_ecdsa*
id_ed25519*
*.ppk

# Private keys and what they are kept in. See privateKeys for *.pem.
*.key
*.p12
*.pfx
*.jks
*.keystore
*.kdbx
.gnupg/
.pki/
.password-store/
**/.local/share/keyrings/
**/.local/share/kwalletd/
**/.local/share/python_keyring/

# Access to clouds and clusters.
.aws/
.azure/
.kube/
.oci/
.boto
.s3cfg
.databrickscfg
.snowsql/
**/.config/gcloud/
**/.config/doctl/
**/.config/rclone/
application_default_credentials.json
client_secret*.json
credentials.json

# Access to hosts of code, packages and models.
.git-credentials
**/.config/git/credentials
**/.config/gh/
**/.config/glab-cli/
**/.config/hub
.pypirc
.npmrc
**/.gem/credentials
**/.cargo/credentials
**/.cargo/credentials.toml
**/.m2/settings.xml
**/.m2/settings-security.xml
**/.docker/config.json
.dockercfg
**/.config/containers/auth.json
.kaggle/
**/.huggingface/token
**/.cache/huggingface/token
**/.cache/huggingface/stored_tokens

# Passwords of databases, mail and others.
.netrc
_netrc
.authinfo
.authinfo.gpg
.pgpass
.my.cnf
.mylogin.cnf
.odbc.ini
**/.dbt/profiles.yml
.msmtprc
.fetchmailrc
.smbcredentials
.htpasswd
**/.subversion/auth/
.vault-token
.terraformrc
**/.terraform.d/
**/.config/op/
**/.config/ngrok/
.ngrok2/

# What apps are given by their operators (12factor.net/config). The examples that
# are meant for others hold nothing, and a folder of such a name is an environment
# of Python.
.env
.env.*
*.env
.envrc
.renviron
!.env.example
!.env.sample
!.env.template
!.env.dist
!*.env/
.secrets/
secrets.toml
secrets.yaml
secrets.yml
secrets.json

# Jupyter: tokens, passwords, the keys of kernels that run, and what notebooks are
# signed with.
.jupyter/
**/.local/share/jupyter/runtime/
**/.local/share/jupyter/notebook_secret
**/.local/share/jupyter/nbsignatures.db
**/.ipython/profile_*/security/
jupyterhub_cookie_secret
jupyterhub.sqlite

# What was typed, passwords among it.
.*_history
.history
.rhistory
.lesshst
.viminfo
**/.ipython/profile_*/history.sqlite
**/.local/share/fish/fish_history

# Logins of browsers, mail programs and desktops.
.mozilla/
.thunderbird/
**/.config/google-chrome/
**/.config/chromium/
.xauthority
.iceauthority
**/.config/pulse/cookie
` // #nosec G101 -- names of files

// privateKeys are secrets if they hold keyMark: most files of that name are
// certificates, which Python's packages bring and need.
const (
	privateKeys = "*.pem\n"
	keyMark     = "PRIVATE KEY-----"
)

// litter is of no use to a dashboard. What an app might need and nobody makes
// again, such as node_modules, is not here.
const litter = `
# Programs make these again, or meant to remove them.
__pycache__/
.ipynb_checkpoints/
.cache/
.mypy_cache/
.pytest_cache/
.ruff_cache/
.tox/
.nox/
.Trash-*/
**/.local/share/Trash/
lost+found/
.DS_Store
Thumbs.db
.~lock.*
.*.sw[op]
.nfs*
.fuse_hidden*
` + repository

// repository is the history of the work: no framework needs it, it may be many
// times as large, its configuration holds the tokens that are in a remote's
// address, and it remembers what was removed for being secret.
const repository = `
.git
.hg/
.svn/
`

// hidden are the settings of programs. A server reads them from the home itself,
// and not from the copy.
const hidden = "/.*\n"
