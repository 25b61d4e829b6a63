"""The world: the store on disk, mirrors, signatures, engines, processes."""
