module app.relink/quick

go 1.26
