module muster.dev/examples

go 1.24

require muster.dev/guest v0.0.0

replace muster.dev/guest => ../guest/go
