// Tests of the protocol machine stand in the other files of this folder.
