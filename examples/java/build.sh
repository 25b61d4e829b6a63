#!/bin/sh
# Makes hello.jar with nothing but a JDK; seaslug runs it, see seaslug.toml.
set -eu
mkdir -p classes
javac --release 17 -d classes src/Main.java
jar --create --file hello.jar --manifest manifest.txt --date 1980-01-02T00:00:00Z -C classes .
