package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"golang.org/x/net/html"
)

// used are the keys that templates and code ask for; a section with a dot at its
// end stands for all of it.
type used map[string]bool

// TestEveryWordIsThereAndUsed keeps the words and the pages together.
func TestEveryWordIsThereAndUsed(t *testing.T) {
	said, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	asked := used{}
	asked.byTemplates(t)
	asked.byCode(t)
	if len(asked) < 50 {
		t.Fatalf("only %d keys are asked for: this test does not find them", len(asked))
	}
	for key := range asked {
		if _, ok := said[key]; !ok && !strings.HasSuffix(key, ".") {
			t.Errorf("there is no word for %s", key)
		}
	}
	for key := range said {
		section, _, _ := strings.Cut(key, ".")
		if !asked[key] && !asked[section+"."] {
			t.Errorf("nobody says %s", key)
		}
	}
}

func (u used) byTemplates(t *testing.T) {
	for _, name := range templateNames(t) {
		source, err := templates.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		trees := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(source), "{{", "}}", trees); err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			u.walk(tree.Root)
		}
	}
}

func (u used) walk(node parse.Node) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				u.walk(child)
			}
		}
	case *parse.ActionNode:
		u.walk(n.Pipe)
	case *parse.IfNode:
		u.branch(n.Pipe, n.List, n.ElseList)
	case *parse.RangeNode:
		u.branch(n.Pipe, n.List, n.ElseList)
	case *parse.WithNode:
		u.branch(n.Pipe, n.List, n.ElseList)
	case *parse.TemplateNode:
		u.walk(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			for _, command := range n.Cmds {
				u.command(command)
			}
		}
	}
}

func (u used) branch(pipe *parse.PipeNode, lists ...*parse.ListNode) {
	u.walk(pipe)
	for _, list := range lists {
		u.walk(list)
	}
}

func (u used) command(command *parse.CommandNode) {
	for _, argument := range command.Args {
		u.walk(argument)
	}
	if name, ok := command.Args[0].(*parse.IdentifierNode); ok && len(command.Args) > 1 {
		if key, ok := command.Args[1].(*parse.StringNode); ok {
			switch name.Ident {
			case "t", "n":
				u[key.Text] = true
			case "of":
				u[key.Text+"."] = true
			}
		}
	}
}

// byCode finds the keys in calls like s.words.text("key").
func (u used) byCode(t *testing.T) {
	keyAt := map[string]int{"text": 0, "count": 0, "of": 0, "notFound": 0, "refused": 1}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if at, ok := keyAt[method.Sel.Name]; ok && len(call.Args) > at {
				if literal, ok := call.Args[at].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					key, _ := strconv.Unquote(literal.Value)
					if method.Sel.Name == "of" {
						key += "."
					}
					u[key] = true
				}
			}
			return true
		})
	}
	u["notice."] = true // by notice, out of an address
}

func templateNames(t *testing.T) (names []string) {
	err := fs.WalkDir(templates, "templates", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 8 {
		t.Fatalf("got %v, %v", names, err)
	}
	return names
}

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	letter = regexp.MustCompile(`\p{L}{2}`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// spoken are the attributes that people read or hear.
var spoken = map[string]bool{"title": true, "alt": true, "placeholder": true, "aria-label": true, "aria-description": true, "aria-valuetext": true}

// TestTemplatesHaveNoProse: all that people read is among the words.
func TestTemplatesHaveNoProse(t *testing.T) {
	for _, name := range templateNames(t) {
		source, err := templates.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		reader := html.NewTokenizer(strings.NewReader(action.ReplaceAllString(string(source), "")))
		for {
			kind := reader.Next()
			if kind == html.ErrorToken {
				break
			}
			found := reader.Token()
			// What is in noscript is text to the tokenizer, as to a browser.
			if kind == html.TextToken && letter.MatchString(tag.ReplaceAllString(found.Data, "")) {
				t.Errorf("%s says %q", name, strings.TrimSpace(found.Data))
			}
			for _, attribute := range found.Attr {
				example := attribute.Key == "placeholder" && strings.HasPrefix(attribute.Val, "https://")
				if spoken[attribute.Key] && letter.MatchString(attribute.Val) && !example {
					t.Errorf("%s says %s=%q", name, attribute.Key, attribute.Val)
				}
			}
		}
	}
}

func TestWordsAreCounted(t *testing.T) {
	w := words{"a.b": {One: "one {what}", Other: "{n} {what}s"}, "a.c": {Other: "{n} sheep"}}
	for want, got := range map[string]string{
		"one {n}":     w.count("a.b", 1, "what", "{n}"), // what is put in is not looked at again
		"0 dogs":      w.count("a.b", 0, "what", "dog"),
		"1 sheep":     w.count("a.c", 1),
		"a.missing":   w.text("a.missing"),
		"{n} {what}s": w.text("a.b"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := w.of("state", "running"); got != "running" {
		t.Errorf("got %q for a value without a word", got)
	}
}
