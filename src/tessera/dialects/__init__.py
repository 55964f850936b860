"""The faces: other packages' words, translated. No dialect knows another."""
