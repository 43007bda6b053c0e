// Renders the chart as `helm template` does, with Go's templates and the same library of functions (sprig).
// Helm itself is in no package registry of Debian. Usage: render <chart folder> <values as JSON, merged over values.yaml>
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readYaml(path string) object {
	text, err := os.ReadFile(path)
	check(err)
	var data object
	check(yaml.Unmarshal(text, &data))
	return data
}

func merge(into, from object) {
	for name, value := range from {
		below, isObject := value.(object)
		if target, ok := into[name].(object); ok && isObject {
			merge(target, below)
		} else {
			into[name] = value
		}
	}
}

func main() {
	chart := os.Args[1]
	values := readYaml(filepath.Join(chart, "values.yaml"))
	var given object
	check(json.Unmarshal([]byte(os.Args[2]), &given))
	merge(values, given)

	about := readYaml(filepath.Join(chart, "Chart.yaml"))
	data := object{
		"Values":  values,
		"Chart":   object{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release": object{"Name": "fleet", "Namespace": "iot", "Service": "Helm"},
	}

	templates := template.New("chart").Option("missingkey=error").Funcs(sprig.TxtFuncMap())
	templates.Funcs(template.FuncMap{
		"toYaml": func(value interface{}) (string, error) {
			text, err := yaml.Marshal(value)
			return strings.TrimSuffix(string(text), "\n"), err
		},
		"include": func(name string, data interface{}) (string, error) {
			var text bytes.Buffer
			err := templates.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
	})
	files, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		_, err = templates.New(filepath.Base(file)).Parse(string(text))
		check(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		fmt.Printf("---\n# %s\n", name)
		check(templates.ExecuteTemplate(os.Stdout, name, data))
	}
}
