SELECT one.name, other.name, one.name AS "Original Name", count(*) OVER () AS number
FROM inference_experiments AS one JOIN inference_experiments_list_only AS other USING (region)
