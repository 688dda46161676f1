package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// same tells whether a generated file is as it should be. Git may have given it
// the line ends of Windows.
func same(old, text []byte) bool {
	return old != nil && bytes.Equal(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), text)
}

// write puts a new file in the place of an old one. It never leaves half a file
// behind: the text goes to another file first, which then takes the other's place.
func write(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(permissions(path)), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// permissions are those of the file at path, or the usual ones for a new file.
func permissions(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
