package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func startApp(w *workshop) (*server, error) {
	return w.launch(nil, func(address string) []string {
		return []string{w.binary("app"), "-listen", address}
	})
}

func startTuned(w *workshop) (*server, error) {
	return w.behind(func(address, upstream string) []string {
		return []string{w.binary("reverseproxy"), "-listen", address, "-upstream", upstream}
	})
}

func startUntuned(w *workshop) (*server, error) {
	return w.behind(func(address, upstream string) []string {
		return []string{w.binary("reverseproxy"), "-listen", address, "-upstream", upstream, "-untuned"}
	})
}

// nginxConfig is nginx as a careful operator sets it up as a proxy: connections
// are kept on both sides, nothing is logged and nothing goes to the disk.
const nginxConfig = `
daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path %[1]s;
  proxy_temp_path %[1]s;
  fastcgi_temp_path %[1]s;
  uwsgi_temp_path %[1]s;
  scgi_temp_path %[1]s;
  proxy_max_temp_file_size 0;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream app {
    server %[3]s;
    keepalive 64;
    keepalive_requests 100000000;
  }
  server {
    listen %[2]s;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`

func startNginx(w *workshop) (*server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in everybody's PATH
		if _, err := os.Stat(program); err != nil {
			return nil, fmt.Errorf("no nginx on this machine: install Debian's package nginx-light")
		}
	}
	folder, err := os.MkdirTemp(w.folder, "nginx")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "nginx.conf")
	s, err := w.behind(func(address, upstream string) []string {
		text := fmt.Sprintf(nginxConfig, folder, address, upstream[len("http://"):])
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			return []string{program, "-t"} // fails, and says why
		}
		return []string{program, "-e", "stderr", "-p", folder, "-c", config}
	})
	if err != nil {
		return nil, err
	}
	// The master listens before its workers are there; they do the work.
	for master, wait := s.pids[0], time.Now().Add(2*time.Second); time.Now().Before(wait) && len(s.pids) == 1; {
		time.Sleep(10 * time.Millisecond)
		s.pids = family(master)
	}
	time.Sleep(50 * time.Millisecond)
	s.pids = family(s.pids[0])
	return s, nil
}
