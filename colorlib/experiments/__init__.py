"""The systems of the course, their trainings, and what was measured.

    from colorlib.experiments import recipes, records
    recipes.get("nazeri-unet")                # the settings of a system
    records.read()                            # what was measured, a dictionary for each run

`recipe`, `recipes`      one system, and all of them by name: start here
`systems_*`              the systems of one source each; `systems_course` those of the course
`painted`, `samplers`, `hinted`, `ablations`, `transfer`   the other trainings
`budgets`                how long the results are trained, on which data, with which seeds
`missing_runs`           trains what the results lack, the most wanted first
`records`, `record_check`, `fingerprint`   a record of each run, and whether its code has changed
`measuring`, `curves`, `reported_effects`  what is measured besides `colorlib.metrics`
`results_table`, `known_truth_table`, `results_page`       the page of results
`classifiers`            the two classifiers that the measurements need
"""
