"""`tradewire up`: everything on one machine, from one data folder, under one supervisor. `run.run_up` is the way in."""
