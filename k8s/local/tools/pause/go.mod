module alex.local/pause

go 1.24
