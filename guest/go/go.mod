module muster.dev/guest

go 1.24
